"""The bill in the event that tells the usage."""

import json

import pytest

from passenger.gateway.stream_bill import add_bill

BILL = {"credits": 0.5}


@pytest.mark.parametrize(
    ("path", "data", "billed"),
    [
        (("usage",), '{"usage":{"a":1},"x":2.0}', {"usage": {"a": 1, "passenger": BILL}, "x": 2.0}),
        (("response", "usage"), '{"response":{"usage":{}}}', {"response": {"usage": {"passenger": BILL}}}),
        ((), '{"done":true}', {"done": True, "passenger": BILL}),
    ],
)
def test_it_stands_beside_the_counts(path: tuple[str, ...], data: str, billed: object) -> None:
    assert json.loads(add_bill(data.encode(), path, BILL)) == billed


@pytest.mark.parametrize("data", [b"[DONE]", b'{"usage":null}', b"{}", b"[1]", b'{"usage":[]}', b"\xff", b""])
def test_any_other_event_keeps_its_bytes(data: bytes) -> None:
    assert add_bill(data, ("usage",), BILL) is data


def test_the_rest_keeps_its_text() -> None:
    data = b'{"n": 1.50,"usage":{"big": 12345678901234567890123}}'
    assert b'"n":1.50' in add_bill(data, ("usage",), BILL)
    assert b"12345678901234567890123" in add_bill(data, ("usage",), BILL)
