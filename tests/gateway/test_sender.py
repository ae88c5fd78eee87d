"""The way up: what is noted or refused on it, and what is sent once more."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from passenger.account.session import Session
from passenger.copilot.call import Call, Operation
from passenger.copilot.catalog import Model
from passenger.copilot.catalog_cache import CatalogCache
from passenger.copilot.upstream import Reply
from passenger.dialects import Request
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Deadlines, Policy, Seat
from passenger.gateway.reasoning_cache import ReasoningCache
from passenger.gateway.sender import MARKLESS, Sender, must_stream

ANSWER = cast("Reply", object())
MODEL = Model("claude-opus-5", "Anthropic", "claude-opus-5", ("/v1/messages",), {})
ASKED = b'{"system":[{"type":"text","text":"be brief"}]}'
MARKED = b'{"system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}]}'
REFUSED = Failure(Kind.INVALID, "system.0.cache_control: Extra inputs are not permitted", status=400)


@dataclass
class Upstream:
    """Refuses with these failures, one after the other, and then answers."""

    failures: Iterator[Failure]
    sent: list[bytes] = field(default_factory=list)

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        self.sent.append(call.body)
        for failure in self.failures:
            raise failure
        return ANSWER


@dataclass
class Json:
    """A reply that is no stream."""

    content_type: str
    is_closed: bool = False

    def close(self) -> None:
        self.is_closed = True


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def sender(policy: Policy | None = None) -> tuple[Sender, Clock]:
    clock = Clock()
    return Sender(clock, Deadlines(), policy or Policy()), clock


def seat_of(upstream: Upstream) -> Seat:
    return Seat("own", cast("Session", None), cast("CatalogCache", None), upstream, ReasoningCache(Clock()))


def call(body: bytes) -> Call:
    return Call(Operation.CHAT, "/v1/messages", body, seat="own", model=MODEL.id)


async def test_our_breakpoints_are_taken_back_once_where_they_are_refused_and_for_a_while() -> None:
    one, clock = sender()
    upstream = Upstream(iter([REFUSED]))
    seat, exchange = seat_of(upstream), Exchange("POST", "/v1/messages")
    assert one.marks(seat, MODEL)
    assert await one.send(seat, Request(ASKED), call(MARKED), exchange) is ANSWER
    assert [json.loads(body) for body in upstream.sent] == [json.loads(MARKED), json.loads(ASKED)]
    assert exchange.retries == ["cache_marks"]
    assert not one.marks(seat, MODEL)
    assert one.marks(replace(seat, name="another"), MODEL)
    clock.now += MARKLESS
    assert one.marks(seat, MODEL)


@pytest.mark.proves("promise 10")
@pytest.mark.parametrize(
    ("asked", "failures"),
    [
        (MARKED, [REFUSED]),
        (ASKED, [REFUSED, REFUSED]),
        (ASKED, [Failure(Kind.UPSTREAM, REFUSED.message, status=502)]),
        (ASKED, [Failure(Kind.INVALID, "max_tokens: Field required", status=400)]),
    ],
)
async def test_nothing_else_is_sent_again(asked: bytes, failures: list[Failure]) -> None:
    upstream = Upstream(iter(failures))
    with pytest.raises(Failure) as caught:
        await sender()[0].send(seat_of(upstream), Request(asked), call(MARKED), Exchange("POST", "/v1/messages"))
    assert caught.value is failures[-1]
    assert len(upstream.sent) == len(failures)


def test_what_does_not_go_along_is_noted_and_refused_by_name_where_the_settings_are_strict() -> None:
    exchange = Exchange("POST", "/v1/messages")
    sender()[0].drop(exchange, ["top_k", "response_format (in words)"])
    assert exchange.dropped == ["top_k", "response_format (in words)"]
    strict = sender(policy=Policy(strict=True))[0]
    strict.drop(exchange, [])
    for name in exchange.dropped:
        with pytest.raises(Failure, match=r"strict leaves nothing out") as caught:
            strict.drop(exchange, [name])
        assert caught.value.param == name.partition(" ")[0]


def test_an_answer_that_is_no_stream_is_closed_and_said_to_be_none() -> None:
    reply = Json("application/json")
    with pytest.raises(Failure, match="application/json"):
        must_stream(cast("Reply", reply))
    assert reply.is_closed
    must_stream(cast("Reply", Json("text/event-stream")))
