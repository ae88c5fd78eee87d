"""What any error of upstream's costs to read and to write grows with its length, and no faster."""

import json
import time
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.account.protocol import read_exchange_failure, read_grant
from passenger.copilot import rejected_fields
from passenger.copilot.protocol import read_copilot_failure
from passenger.dialects.registry import INBOUND
from passenger.errors import LONGEST, Failure, Kind
from passenger.jsontext.raw_object import RawObject
from tests.growth import MOST, compared

SHAPES: dict[str, Callable[[int], str]] = {
    "titles without an end": lambda size: "<title>" * (size // 7),
    "a title that does not close": lambda size: "<title" + " " * size,
    "titles that nearly end": lambda size: "<title></titl" * (size // 13),
    "tags": lambda size: "<" * size,
    "digits": lambda size: "1" * size,
    "numbers": lambda size: "1 " * (size // 2),
    "numbers and words": lambda size: "1" * (size // 2) + "a" * (size // 2),
    "counts without an end": lambda size: "prompt token count of 1" * (size // 23),
    "a count of digits": lambda size: "prompt token count of " + "1" * size,
    "too long again and again": lambda size: "prompt is too long: 1 tokens > " * (size // 31),
    "words": lambda size: "a" * size,
    "dots": lambda size: "a." * (size // 2),
    "quotes": lambda size: "'" * size,
    "betas": lambda size: "unsupported beta header(s): " + "a," * (size // 2),
    "parameters": lambda size: "Unsupported parameter: '" * (size // 24),
    "blanks": lambda size: " " * size,
    "brackets": lambda size: "[" * size,
    "lines": lambda size: "\n" * size,
}
SIZE = 20_000
HEADERS = {"anthropic-beta": ",".join(f"b{number}" for number in range(1_000))}


def cost(work: Callable[[], object], times: int) -> float:
    """The CPU time of some runs."""
    began = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - began


def grows_linearly(work: Callable[[int], Callable[[], object]]) -> bool:
    """Whether twice as much costs 2.6 times as much at most, the best of three where it costs 50 ms."""
    small, large = work(SIZE), work(2 * SIZE)
    times = 1 + int(0.06 / max(cost(small, 3) / 3, 1e-6))
    once, twice = partial(cost, small, times), partial(cost, large, times)
    return any(compared(once(), once, twice) <= MOST for _ in range(3))


@pytest.mark.proves("F21", "promise 8")
@pytest.mark.parametrize("shape", SHAPES)
def test_reading_an_error_is_linear(shape: str) -> None:
    def work(size: int) -> Callable[[], object]:
        text = SHAPES[shape](size)
        bodies = [
            text.encode(),
            json.dumps({"error": {"message": text}}).encode(),
            json.dumps({"message": text}).encode(),
        ]
        asked = RawObject(b'{"model":"m","max_tokens":1}')

        def read() -> None:
            for body in bodies:
                read_exchange_failure(502, {}, body)
                rejected_fields.read_rejection(read_copilot_failure(400, {}, body), asked, HEADERS)

        return read

    assert grows_linearly(work)


@pytest.mark.proves("F21", "promise 8")
@pytest.mark.parametrize("shape", SHAPES)
def test_writing_a_failure_is_linear_in_every_dialect(shape: str) -> None:
    def work(size: int) -> Callable[[], object]:
        failure = Failure(Kind.INVALID, SHAPES[shape](size), code="context_length_exceeded", param="messages")

        def write() -> None:
            for dialect in INBOUND:
                dialect.write_failure(failure)
                dialect.write_break(failure)

        return write

    assert grows_linearly(work)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"<html><head><TITLE lang=x> Bad gateway </Title>", "a web page titled 'Bad gateway'"),
        (b"<title>one</title><title>two</title>", "a web page titled 'one'"),
        (b"<title>no end", "a web page"),
        (b"<title", "a web page"),
        (b"<html>" + b" " * 5_000 + b"<title>late</title>", "a web page"),
        (b"<title>" + b"x" * 5_000 + b"</title>", "a web page"),
        (b"plain", "plain"),
    ],
)
def test_a_page_is_told_by_its_title(page: bytes, said: str) -> None:
    assert read_copilot_failure(502, {}, page).message == said


def test_a_long_message_is_cut() -> None:
    body = json.dumps({"error": {"message": "a" * 100_000}}).encode()
    assert len(read_copilot_failure(400, {}, body).message) == LONGEST
    assert len(read_exchange_failure(500, {}, json.dumps({"message": "a" * 100_000}).encode()).message) < 5_000


@pytest.mark.parametrize("status", [600, 999, 1000, 99, 101, 0])
def test_a_status_that_is_none_is_a_502(status: int) -> None:
    failure = read_copilot_failure(status, {}, b"")
    assert (failure.status, failure.kind) == (502, Kind.UPSTREAM)
    assert str(status) in failure.message


# --- the exchange ------------------------------------------------------------------------------------------------

GOOD: dict[str, object] = {"token": "t", "expires_at": 2_000_000_000, "refresh_in": 1500}


@pytest.mark.proves("F9", "F42")
@pytest.mark.parametrize(
    "bad",
    [
        {"token": ""},
        {"token": "a\r\nX-Evil: 1"},
        {"token": "a b"},
        {"token": "é"},
        {"token": "\x00"},
        {"expires_at": 10**400},
        {"expires_at": -(10**400)},
        {"expires_at": 10**18},
        {"expires_at": 1e300},
        {"expires_at": "2000000000"},
        {"expires_at": None},
        {"sku": 1},
    ],
)
def test_an_absurd_grant_is_a_failure(bad: dict[str, object]) -> None:
    with pytest.raises(Failure):
        read_grant(json.dumps(GOOD | bad).encode(), {})


@pytest.mark.proves("F9", "F42")
def test_a_grant_that_is_nested_too_deeply_is_a_failure() -> None:
    with pytest.raises(Failure):
        read_grant(b'{"x":' + b"[" * 100_000, {})


@pytest.mark.proves("F9", "F42")
@pytest.mark.parametrize("refresh", [10**400, -(10**400), 1e300, "1", None, []])
def test_an_absurd_refresh_time_is_none(refresh: object) -> None:
    assert read_grant(json.dumps(GOOD | {"refresh_in": refresh}).encode(), {}).refresh_in is None


ODD_DATES = [
    "Sun, 06 Nov 99999999999 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +99999999",
    f"Sun, 06 Nov 1994 08:49:37 +{'9' * 5000}",
    f"Sun, 06 Nov {'9' * 5000} 08:49:37 GMT",
    "Sun, 06 Nov 0001 00:00:00 +2359",
    "Sun, 06 Nov 9999 23:59:59 -2359",
    "06 Nov 0000 08:49:37",
    ",",
    "GMT",
    "\x00",
]
DATES = st.lists(st.sampled_from([*"Sun, 06 Nov 1994 08:49:37 GMT+-:0123456789", "9999999", "\u0660", "(", '"'])).map(
    "".join
)


@pytest.mark.proves("F10", "F42")
@given(st.one_of(DATES, st.text(), st.sampled_from(ODD_DATES)))
def test_no_date_is_an_error(date: str) -> None:
    read_grant(json.dumps(GOOD).encode(), {"date": date})


def test_a_date_is_believed() -> None:
    headers = {"date": "Sun, 06 Nov 1994 08:49:37 GMT"}
    assert read_grant(json.dumps(GOOD).encode(), headers).server_time == 784111777
