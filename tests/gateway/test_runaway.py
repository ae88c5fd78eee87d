"""The breaker's part in a request: what it reads of it, when it judges, and what it tells."""

import asyncio
import json
from typing import Any

import pytest

from passenger.account.principal import Principal
from passenger.chat.cost import Cost
from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import Request
from passenger.errors import Failure
from passenger.exchange import Exchange, Outcome
from passenger.gateway.runaway import PAUSE, BreakerAction, RunawayBreaker, name_session
from passenger.quota.detectors import NANO, Thresholds
from passenger.quota.pauses import Pauses
from tests.dialects.test_tool_steps import messages


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Sessions:
    """A breaker and requests to it."""

    def __init__(self, action: BreakerAction = "warn", thresholds: Thresholds | None = None) -> None:
        self.clock = Clock()
        self.pauses = Pauses(None, self.clock)
        self.breaker = RunawayBreaker(action, thresholds or Thresholds(), self.pauses, self.clock)

    async def ask(
        self, body: dict[str, Any], initiator: Initiator = Initiator.USER, *, session: str = "", **ended: Any
    ) -> Exchange:
        """One request, answered unless it ends otherwise."""
        exchange = Exchange("POST", "/", principal=Principal("ann"), session=session)
        exchange.ask = Ask("gpt", stream=False, initiator=initiator)
        request = Request(json.dumps(body).encode())
        self.breaker.begin(request, exchange)
        await asyncio.sleep(0)  # it is read once it was sent
        for name, value in {"outcome": Outcome.OK, **ended}.items():
            setattr(exchange, name, value)
        self.breaker.note(exchange)
        return exchange


BODY = {"messages": [{"role": "user", "content": "hello"}]}


async def test_the_answers_after_the_fourth_equal_request_are_warned_for_a_while() -> None:
    sessions = Sessions()
    assert [(await sessions.ask(BODY)).warning for _ in range(4)] == [""] * 4
    told = (await sessions.ask(BODY)).warning
    assert told.startswith("session=")
    assert "repeats: the same request was answered 4 times" in told
    sessions.clock.now += PAUSE
    assert (await sessions.ask(BODY)).warning == ""


@pytest.mark.parametrize(
    "ended", [{"outcome": Outcome.FAILED}, {"outcome": Outcome.CLIENT_GONE}, {"cache": "hit"}, {"cache": "joined"}]
)
async def test_what_was_not_answered_or_came_from_the_cache_is_no_repeat(ended: dict[str, Any]) -> None:
    sessions = Sessions("pause")
    for _ in range(10):
        await sessions.ask(BODY, **ended)
    assert not sessions.pauses


async def test_a_pause_ends_by_itself_and_everything_begins_anew() -> None:
    sessions = Sessions("pause")
    for _ in range(4):
        await sessions.ask(BODY)
    with pytest.raises(Failure, match=r"may go on in 15 minutes, or at once after `passenger resume [0-9a-f]{16}`"):
        await sessions.ask(BODY)
    sessions.clock.now += PAUSE
    assert [(await sessions.ask(BODY)).outcome for _ in range(3)] == [Outcome.OK] * 3


async def test_a_resumed_session_goes_on_at_once() -> None:
    sessions = Sessions("pause")
    for _ in range(4):
        await sessions.ask(BODY, session="mine")
    (paused,) = sessions.breaker.paused()
    assert (paused.client, paused.who, paused.detector) == ("mine", "ann", "repeats")
    assert sessions.breaker.resume("mine") == [paused.session]
    assert sessions.breaker.resume("mine") == []
    await sessions.ask(BODY, session="mine")


async def test_a_tool_loop_counts_steps_of_an_agent_alone() -> None:
    sessions = Sessions("pause", Thresholds(repeats=0))
    for number in range(9):
        await sessions.ask(messages(number, "failed"), Initiator.USER)
    assert not sessions.pauses
    for number in range(5):
        await sessions.ask(messages(number, "failed"), Initiator.AGENT)
    assert [one.detector for one in sessions.breaker.paused()] == ["tool_loop"]


async def test_what_was_spent_is_the_cost_of_the_record() -> None:
    sessions = Sessions("pause", Thresholds(velocity=10 * NANO))
    await sessions.ask({"n": 1, **BODY}, cost=Cost("upstream", nano_credits=11 * NANO))
    assert [one.detector for one in sessions.breaker.paused()] == ["velocity"]


async def test_a_large_request_is_compared_by_its_length_and_its_ends() -> None:
    sessions = Sessions()
    long = "x" * 500_000
    for end in "abcd":
        await sessions.ask({"messages": [{"role": "user", "content": long + end}]}, session="one")
    assert (await sessions.ask(BODY, session="one")).warning == ""
    for _ in range(4):
        await sessions.ask({"messages": [{"role": "user", "content": long}]}, session="two")
    assert "repeats" in (await sessions.ask(BODY, session="two")).warning


async def test_a_body_that_cannot_be_split_is_counted_too() -> None:
    sessions = Sessions()
    exchange = Exchange("POST", "/", principal=Principal("ann"))
    exchange.ask = Ask("gpt", stream=False, initiator=Initiator.AGENT)
    sessions.breaker.begin(Request(rb'{"messages": [{"content": "\ud800"}]}'), exchange)
    await asyncio.sleep(0)
    assert exchange.turn is not None
    assert exchange.turn.step == 0


def test_a_session_is_named_by_its_client_or_its_opening_and_belongs_to_one_person() -> None:
    def named(body: dict[str, Any], session: str = "", who: str = "ann") -> str:
        exchange = Exchange("POST", "/", principal=Principal(who), session=session)
        return name_session(Request(json.dumps(body).encode()), exchange)

    longer = {"messages": [*BODY["messages"], {"role": "assistant", "content": "hi"}]}
    other = {"messages": [{"role": "user", "content": "bye"}]}
    assert named(BODY) == named(longer)
    assert len({named(BODY), named(other), named(BODY, who="bob"), named(BODY, "one"), named(BODY, "two")}) == 5
    assert named(BODY, "one") == named(other, "one")
