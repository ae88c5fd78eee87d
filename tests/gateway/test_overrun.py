"""The guard of streams: what it counts, how often it looks, and that it leaves alone what is not to be cut."""

from collections.abc import Iterable

import pytest

from passenger.chat.cost import Rates, Tariff, Tokens
from passenger.chat.events import Delta, Event, Finish, Reason, Start, Usage
from passenger.dialects import Relay
from passenger.dialects.framing import StreamMessage
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway.billing import Billing
from passenger.gateway.overrun import CHECK_EVERY, OverrunGuards

TARIFF = Tariff(Rates(1, 1, 1, 100), batch=1)
OVER = Failure(Kind.RATE_LIMIT, "no room", code="budget_exceeded")


class Grant:
    """Has room for so much."""

    warning = ""
    is_degraded = False

    def __init__(self, room: int, *, cuts: bool = True) -> None:
        self.room, self.cuts_stream, self.looks = room, cuts, list[int]()

    def cover(self, nano: int) -> Failure | None:
        self.looks.append(nano)
        return OVER.but() if nano > self.room else None

    def settle(self, nano: int | None, tokens: Tokens | None) -> None:
        raise AssertionError


class Passing(Relay):
    """Passes everything on."""

    def __init__(self) -> None:
        self.failure, self.done, self.told = None, False, Usage(input=7)

    @property
    def usage(self) -> Usage:
        return self.told

    def event(self, raw: bytes) -> bytes:
        self.done = raw == b"end"
        return raw

    def end(self, tail: bytes) -> bytes:
        return tail


class Reading:
    """Reads each message as a piece of text."""

    def read(self, message: StreamMessage) -> Iterable[Event]:
        if message.event == "start":
            return [Start("m", Usage(input=7))]
        return iter([Delta("x")])

    def end(self) -> Iterable[Event]:
        return [Finish(Reason.END, None)]


def exchange_of(grant: Grant | None) -> Exchange:
    return Exchange("POST", "/", tariff=TARIFF, model="m", sent_bytes=400, grant=grant)


GUARDS = OverrunGuards(Billing())


def test_a_relayed_stream_is_looked_at_once_in_many_events_and_cut_by_what_was_passed_on() -> None:
    grant = Grant(7 + 100 * 40)
    exchange = exchange_of(grant)
    exchange.events = 1000
    relay = GUARDS.relay(Passing(), exchange)
    assert [relay.event(b"event") for _ in range(3 * CHECK_EVERY)] == [b"event"] * 3 * CHECK_EVERY
    with pytest.raises(Failure, match="no room"):
        relay.event(b"event")
    assert exchange.events == 3 * CHECK_EVERY
    assert grant.looks == [7 + 100 * CHECK_EVERY * number for number in (1, 2, 3)]
    assert exchange.usage == Usage(input=7)
    assert not relay.done


def test_a_relayed_stream_that_fits_ends_as_it_is() -> None:
    relay = GUARDS.relay(Passing(), exchange_of(Grant(10**9)))
    assert [relay.event(b"event") for _ in range(100)] == [b"event"] * 100
    assert relay.event(b"end") == b"end"
    assert relay.done
    assert relay.end(b"tail") == b"tail"
    assert relay.usage == Usage(input=7)


def test_the_answers_to_one_request_are_counted_together() -> None:
    grant = Grant(7 + 100 * 20)
    exchange = exchange_of(grant)
    one, other = GUARDS.readers([Reading(), Reading()], exchange)
    assert [*one.read(StreamMessage("start", b""))] == [Start("m", Usage(input=7))]
    for _ in range(CHECK_EVERY):
        assert [*one.read(StreamMessage("", b"")), *other.read(StreamMessage("", b""))] == [Delta("x")] * 2
    with pytest.raises(Failure, match="no room"):
        other.read(StreamMessage("", b""))
    assert grant.looks == [7 + 100 * CHECK_EVERY, 7 + 100 * 2 * CHECK_EVERY]
    assert exchange.usage == Usage(input=7)
    assert [*one.end()] == [Finish(Reason.END, None)]


@pytest.mark.parametrize("grant", [None, Grant(0, cuts=False)])
def test_what_is_not_to_be_cut_stays_as_it_is(grant: Grant | None) -> None:
    relay, readers = Passing(), [Reading()]
    assert GUARDS.relay(relay, exchange_of(grant)) is relay
    assert GUARDS.readers(readers, exchange_of(grant)) is readers


def test_what_has_no_price_is_never_cut() -> None:
    grant = Grant(0)
    exchange = exchange_of(grant)
    exchange.tariff = None
    (reader,) = GUARDS.readers([Reading()], exchange)
    for _ in range(100):
        reader.read(StreamMessage("", b""))
    assert not any(grant.looks)
