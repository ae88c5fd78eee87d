"""Whoever asks gets what the account of his seat has, and nobody else's."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.requests import Request

from passenger.account.principal import ANYONE, Principal
from passenger.account.protocol import CopilotUser
from passenger.account.session import Session
from passenger.chat.cost import UNKNOWN
from passenger.copilot.call import Call
from passenger.copilot.catalog import models_in
from passenger.copilot.catalog_cache import CatalogCache, Fetched
from passenger.copilot.upstream import Reply
from passenger.exchange import Exchange
from passenger.gateway import Gateway, Seat
from passenger.gateway.reasoning_cache import ReasoningCache
from passenger.quota.monitor import QuotaMonitor
from passenger.secret import Secret
from passenger.server.api import models
from passenger.server.guard import PRINCIPAL
from passenger.tokens.counter import Counter
from passenger.tokens.ratios import Ratios
from passenger.tokens.tokenizer import Tokenizer
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
        catalog = CatalogCache(fetch, clock=self.clock, lifetime=1, aliases={})
        return Seat(principal.name, session, catalog, Nowhere(), ReasoningCache(self.clock))


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


def test_a_plan_of_premium_requests_counts_those_whatever_the_catalogue_prices() -> None:
    seat = replace(SeatEach(Clock()).of(ANYONE), quota=QuotaMonitor(clock=Clock()))
    billing = {"multiplier": 3, "token_prices": {"default": {"input_price": 5}}}
    (model,) = models_in([{"id": "m", "billing": billing}])
    assert seat.tariff(None) == UNKNOWN
    assert seat.tariff(model) == model.tariff
    assert seat.quota is not None
    seat.quota.note_user(CopilotUser(quota_snapshots={"premium_interactions": {"entitlement": 300}}))
    assert seat.tariff(model).counts_requests
    assert seat.tariff(model).multiplier == 3000
