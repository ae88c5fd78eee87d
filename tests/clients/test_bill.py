"""What a run has cost, in one line."""

from typing import Any

import pytest

from passenger.clients.bill import bill, short
from passenger.observe.records import RequestRecord


def record(**given: Any) -> RequestRecord:
    values: dict[str, Any] = {
        "id": "1",
        "ended": 1.0,
        "method": "POST",
        "path": "/v1/messages",
        "client": "x",
        "user_agent": "x/1",
        "status": 200,
        "outcome": "ok",
        "seconds": 1.0,
    }
    return RequestRecord(**(values | given))


def test_a_bill() -> None:
    records = [
        record(input=1_000_000, cached=900_000, output=17_000, credits=31.0, dropped=["top_k", "seed"]),
        record(input=240_000, cached=228_400, output=1_000, credits=0.2, dropped=["top_k"], outcome="client_gone"),
    ]
    assert bill("Claude Code", records) == (
        "Claude Code: 2 requests, 1.24 M tokens in (91 % cached), 18 k out, 31.20 credits ($0.31), 2 fields dropped"
        " (top_k, seed)"
    )


def test_units_are_not_mixed_and_what_is_unknown_is_told() -> None:
    records = [
        record(credits=31.0, cost_source="upstream"),
        record(premium_requests=0.33, cost_source="legacy"),
        record(cost_source="unknown"),
    ]
    told = "X: 3 requests, 31.00 credits ($0.31), 0.33 premium requests, 1 request of unknown cost"
    assert bill("X", records) == told


def test_at_most_three_of_the_dropped_fields_are_named() -> None:
    records = [record(dropped=["a", "b"]), record(dropped=["b", "c"])]
    assert bill("X", records) == "X: 2 requests, 3 fields dropped (a, b, c)"
    records.append(record(dropped=["d", "a", "e"]))
    assert bill("X", records) == "X: 3 requests, 5 fields dropped (a, b, c and 2 more)"


def test_what_is_not_known_is_left_out_and_what_failed_is_told() -> None:
    assert bill("X", []) == "X: no requests"
    assert bill("X", [record()]) == "X: 1 request"
    assert bill("X", [record(outcome="failed", input=5, output=0)]) == "X: 1 request, 5 tokens in, 0 out, 1 failed"


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (999, "999"), (18_400, "18 k"), (12_300_000, "12 M")])
def test_counts_are_short(number: int, text: str) -> None:
    assert short(number) == text
