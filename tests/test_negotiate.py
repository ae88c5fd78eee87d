"""One request learns from as many refusals as there are lessons in it, and is sent again for nothing else."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from msgspec.structs import replace

from passenger.copilot.call import Call, Operation
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.learned import Learned
from passenger.negotiate import ROUNDS, Negotiator
from passenger.upstream import Reply

ANSWER = cast("Reply", object())


@dataclass
class Refusing:
    """An upstream that refuses with these failures, one after the other, and then answers."""

    failures: Iterable[Failure]
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        self.sent.append(json.loads(call.body))
        self.failures = iter(self.failures)
        for failure in self.failures:
            raise failure
        return ANSWER


def refusal(name: str) -> Failure:
    return Failure(Kind.INVALID, f"Unsupported parameter: '{name}' is not supported with this model.", status=400)


def call(**body: Any) -> Call:
    return Call(Operation.CHAT, "/responses", json.dumps(body).encode(), seat="own", model="m")


def negotiator(upstream: Refusing, *, strict: bool = False) -> tuple[Negotiator, Exchange]:
    return Negotiator(upstream, Learned(None, lambda: 0.0), strict=strict), Exchange("POST", "/v1/responses")


FIELDS = [f"field_{number}" for number in range(ROUNDS + 1)]


@pytest.mark.parametrize("lessons", [0, 1, 3, ROUNDS])
async def test_a_request_learns_as_often_as_it_is_refused_for_something_new(lessons: int) -> None:
    upstream = Refusing([refusal(name) for name in FIELDS[:lessons]])
    one, exchange = negotiator(upstream)
    assert await one.send(call(**dict.fromkeys(FIELDS, 1)), exchange) is ANSWER
    assert [len(sent) for sent in upstream.sent] == [len(FIELDS) - number for number in range(lessons + 1)]
    assert exchange.dropped == FIELDS[:lessons]
    assert exchange.retries == ["learned"] * lessons
    await one.send(call(**dict.fromkeys(FIELDS, 1)), exchange)
    assert upstream.sent[-1] == upstream.sent[-2]


async def test_there_is_an_end_to_it() -> None:
    upstream = Refusing([refusal(name) for name in FIELDS])
    one, exchange = negotiator(upstream)
    with pytest.raises(Failure):
        await one.send(call(**dict.fromkeys(FIELDS, 1)), exchange)
    assert len(upstream.sent) == ROUNDS + 1


@pytest.mark.proves("promise 10")
@pytest.mark.parametrize(
    "failure",
    [
        Failure(Kind.UPSTREAM, "Unsupported parameter: 'field_1' is not supported with this model.", status=500),
        Failure(Kind.TIMEOUT, "no answer"),
        Failure(Kind.RATE_LIMIT, "slow down"),
        refusal("field_0"),
        refusal("nothing_of_the_kind"),
        refusal("input"),
        Failure(Kind.INVALID, "no", status=400),
    ],
)
async def test_what_teaches_nothing_new_is_the_clients_to_see_at_once(failure: Failure) -> None:
    upstream = Refusing([refusal("field_0"), failure])
    one, exchange = negotiator(upstream)
    with pytest.raises(Failure) as caught:
        await one.send(call(field_0=1, field_1=1, input="a"), exchange)
    assert caught.value is failure
    assert len(upstream.sent) == 2


async def test_strict_learns_nothing() -> None:
    upstream = Refusing([refusal("field_0")])
    one, exchange = negotiator(upstream, strict=True)
    with pytest.raises(Failure):
        await one.send(call(field_0=1), exchange)
    assert (len(upstream.sent), exchange.retries, exchange.dropped) == (1, [], [])


async def test_a_loss_has_the_clients_name_and_what_it_never_sent_has_none() -> None:
    upstream = Refusing([refusal("top_p"), refusal("include")])
    one, exchange = negotiator(upstream)
    asked = call(top_p=0.5, include=[], input="a")
    named = {"top_p": "generationConfig.topP"}.get
    await one.send(replace(asked, named=named), exchange)
    assert exchange.dropped == ["generationConfig.topP"]
    assert upstream.sent[-1] == {"input": "a"}
