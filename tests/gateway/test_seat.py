"""Whoever asks gets what the account of his seat has, and nobody else's."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.requests import Request

from passenger.account.principal import ANYONE, Principal
from passenger.copilot.call import Call
from passenger.copilot.live import Fetched, LiveCatalog
from passenger.copilot.models import models_in
from passenger.exchange import Exchange
from passenger.gateway import Gateway, Seat
from passenger.secret import Secret
from passenger.session import Session
from passenger.thoughts import Thoughts
from passenger.tokens.counter import Counter
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer
from passenger.upstream import Reply
from passenger.web import models
from passenger.web.guard import PRINCIPAL
from tests.fakes import Clock, MemoryVault, grant


class Nowhere:
    """An upstream that nobody gets to."""

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        raise NotImplementedError


@dataclass(frozen=True)
class SeatEach:
    """A seat for each name, whose account has one model, called as its holder."""

    clock: Clock

    def of(self, principal: Principal) -> Seat:
        async def exchanged(_login: Secret) -> Any:
            return grant("token")

        async def fetch(_believed: float) -> Fetched:
            return Fetched(list(models_in([{"id": f"model-of-{principal.name}"}])))

        session = Session(MemoryVault(), exchanged, clock=self.clock, base_url=str, headers={})
        catalog = LiveCatalog(fetch, clock=self.clock, lifetime=1, aliases={})
        return Seat(principal.name, session, catalog, Nowhere(), Thoughts(self.clock))


def asked_by(principal: Principal) -> Request:
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "path": "/v1/models", "query_string": b"", "headers": headers}
    return Request({**scope, PRINCIPAL: principal})


@pytest.mark.parametrize("principal", [ANYONE, Principal("key 1"), Principal("key 2")], ids=lambda one: str(one.name))
async def test_the_list_of_models_is_of_the_seat_of_whoever_asks(principal: Principal) -> None:
    clock = Clock()
    gateway = Gateway(SeatEach(clock), clock=clock, counter=Counter(Ratios(None), Tokenizer(), clock=clock))
    answer = await models.listing(gateway)(asked_by(principal))
    assert [one["id"] for one in json.loads(bytes(answer.body))["data"]] == [f"model-of-{principal.name}"]
