"""What the page shows of what is known."""

from typing import Any

import pytest

from passenger.copilot.model_cards import ModelCard, Prices
from passenger.ledger.report import UsageSums
from passenger.ledger.usage_report import SpentTotals
from passenger.observe.records import RequestRecord, Totals
from passenger.quota.quota import Quota
from passenger.server.control.status import SeatAccount, ServerStatus
from passenger.server.pages.client_commands import PageAddress
from passenger.server.pages.overview import SHOWN, PageOverview, overview

NOW = 1_800_000_000.0
HERE = PageAddress("http://127.0.0.1:8081", "passenger", 8081)


def status(**changed: object) -> ServerStatus:
    return ServerStatus(**{"version": "1", "pid": 1, "started": NOW - 60, "urls": [], **changed})  # type: ignore[arg-type]


def record(**changed: object) -> RequestRecord:
    plain = {
        "id": "one",
        "ended": NOW - 2,
        "method": "POST",
        "path": "/v1/messages",
        "client": "curl 8",
        "user_agent": "curl/8",
        "status": 200,
        "outcome": "ok",
        "seconds": 0.5,
    }
    return RequestRecord(**{**plain, **changed})  # type: ignore[arg-type]


def seen(*records: RequestRecord, cards: tuple[ModelCard, ...] = (), **changed: Any) -> PageOverview:
    return overview(status(**changed), cards, records, HERE, NOW)


def tiles_of(spent: SpentTotals | None) -> dict[str, tuple[str, str]]:
    return {tile.name: (tile.value, tile.detail) for tile in overview(status(), [], [], HERE, NOW, spent=spent).tiles}


@pytest.mark.parametrize(
    ("changed", "state", "tone"),
    [
        ({}, "Serving", "good"),
        ({"degraded": {"models": "old"}}, "Serving, degraded", "fair"),
        ({"logged_in": False, "degraded": {"login": "nobody"}, "ready": False}, "Login needed", "bad"),
        ({"degraded": {"draining": "stops"}, "ready": False}, "Stopping", "bad"),
        ({"ready": False}, "Not ready", "bad"),
    ],
)
def test_the_state_is_one_word_and_a_tone(changed: dict[str, Any], state: str, tone: str) -> None:
    found = seen(**changed)
    assert (found.state, found.tone) == (state, tone)


def test_the_newest_requests_come_first_and_the_others_are_counted() -> None:
    found = seen(*(record(id=str(number)) for number in range(SHOWN + 7)))
    assert [row.identity for row in found.rows[:2]] == [str(SHOWN + 6), str(SHOWN + 5)]
    assert (len(found.rows), found.more) == (SHOWN, 7)


def test_a_request_that_went_well_is_told_by_its_status() -> None:
    (row,) = seen(record(asked="fast", model="gpt-x", mode="relayed", dialect="messages", credits=3.0)).rows
    assert (row.asked, row.model, row.way, row.status, row.tone) == (
        "fast",
        "gpt-x",
        "relayed · messages",
        "200",
        "good",
    )
    assert (row.cost, row.took, row.when, row.notes) == ("$0.03", "500 ms", "2 s ago", [])


def test_one_that_did_not_says_why() -> None:
    (row,) = seen(
        record(outcome="failed", status=429, error_message="too many", retries=["429"], dropped=["a", "b"])
    ).rows
    assert (row.status, row.tone) == ("429 failed", "bad")
    assert row.notes == ["too many", "dropped: a, b", "tried again: 429"]


def test_a_client_that_left_is_nobody_s_fault() -> None:
    (row,) = seen(record(outcome="client_gone", lessons=["x"])).rows
    assert (row.status, row.tone, row.notes) == ("client left", "plain", ["learned: x"])


def test_what_is_not_known_is_a_dash() -> None:
    (row,) = seen(record()).rows
    assert (row.asked, row.input, row.output, row.cost, row.cached) == ("/v1/messages", "-", "-", "-", "")


def test_the_figures_since_the_start() -> None:
    tiles = {tile.name: (tile.value, tile.detail) for tile in seen(requests=Totals(12, 2, 1000, 910, 50, 10**9)).tiles}
    assert tiles["Requests"] == ("12", "2 failed")
    assert tiles["Tokens in"] == ("1 k", "91 % from cache")
    assert tiles["Spent"] == ("$0.01", "1.00 credits")
    assert tiles["Running for"] == ("1 min", "process 1")


def test_the_ledger_has_today_and_this_month() -> None:
    today = UsageSums(requests=1, nano_credits=12 * 10**9)
    found = tiles_of(SpentTotals(today, UsageSums(requests=1904, unpriced=3, nano_credits=5812 * 10**9)))
    assert found["Today (UTC)"] == ("$0.12", "1 request")
    assert found["This month"] == ("$58.12", "1,904 requests, 3 of unknown cost")
    assert "Spent" not in found
    assert "This month" not in tiles_of(None)


def test_premium_requests_are_not_added_to_dollars() -> None:
    premium = UsageSums(requests=5, premium_thousandths=1330)
    found = tiles_of(SpentTotals(premium, UsageSums(requests=9, nano_credits=10**11, premium_thousandths=1000)))
    assert found["Today (UTC)"] == ("1.33", "premium requests, 5 requests")
    assert found["This month"] == ("$1.00", "and 1 premium request, 9 requests")


@pytest.mark.parametrize(
    ("quota", "text", "share"),
    [
        (Quota("chat", unlimited=True), "unlimited", None),
        (Quota("x", entitlement=300, remaining=37), "37 of 300 left", 12),
        (Quota("x", entitlement=1500, remaining=1200, unit="credits"), "1,200 of 1,500 credits left", 80),
        (Quota("x", entitlement=300, remaining=300, percent_remaining=100.0), "300 of 300 left", 100),
        (Quota("x", entitlement=300, remaining=-12, percent_remaining=-4.0), "12 over", 0),
        (Quota("x", percent_remaining=33.4), "33 % left", 33),
        (Quota("x"), "not told", None),
    ],
)
def test_a_quota_is_what_is_left(quota: Quota, text: str, share: int | None) -> None:
    (meter,) = seen(account=SeatAccount("me", "individual_pro", quotas=[quota])).meters
    assert (meter.text, meter.share) == (text, share)


def test_what_has_an_end_comes_before_what_has_none() -> None:
    quotas = [Quota("chat", unlimited=True), Quota("premium_interactions", percent_remaining=50.0)]
    assert [meter.name for meter in seen(account=SeatAccount(quotas=quotas)).meters] == ["Premium interactions", "Chat"]


def test_the_plan_is_written_as_people_write_it() -> None:
    assert seen(account=SeatAccount("me", "individual_pro")).plan == "Copilot Pro+"
    assert seen(account=None).plan == ""


def model(identity: str, **changed: object) -> ModelCard:
    return ModelCard(identity, identity, "V", "f", **changed)  # type: ignore[arg-type]


def test_models_are_those_that_copilot_s_own_clients_offer_then_the_others_then_the_hidden_ones() -> None:
    cards = (
        model("a"),
        model("dated", picker=False),
        model("embed", kind="embeddings"),
        model("completes", kind="completion"),
        model("no", policy="disabled"),
    )
    found = seen(cards=cards)
    groups = [[entry.identity for entry in group] for group in (found.models, found.others, found.hidden)]
    assert groups == [["a"], ["dated", "embed"], ["no"]]
    assert found.hidden[0].marks == ["disabled"]


def test_where_copilot_offers_none_all_are_shown() -> None:
    found = seen(cards=(model("a", picker=False), model("b", picker=False)))
    assert [entry.identity for entry in found.models] == ["a", "b"]
    assert not found.others


def test_a_model_s_price_is_in_dollars_or_in_requests() -> None:
    cards = (model("a", prices=Prices(125, 12.5, None, 1000)), model("b", multiplier=0.33), model("c"))
    assert [entry.prices for entry in seen(cards=cards).models] == [["$1.25", "$0.125", "$10.00"], ["0.33x"], ["-"]]


def test_a_model_s_abilities_are_few_words() -> None:
    cards = (
        model("a", tools=True, vision=True, efforts=["low", "medium", "high"]),
        model("b", thinks=True),
        model("c"),
    )
    found = [list(entry.can) for entry in seen(cards=cards).models]
    assert found == [["tools", "vision", "effort low to high"], ["thinking"], []]


def test_a_name_that_says_nothing_new_is_left_out() -> None:
    same = ModelCard("gpt-5.5", "GPT-5.5", "V", "f")
    other = ModelCard("x-1m", "X (1M context)", "V", "f")
    assert [entry.name for entry in seen(cards=(same, other)).models] == ["", "X (1M context)"]
