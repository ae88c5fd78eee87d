"""Passenger's own routes, below `/v1/passenger/`: what our commands and the page want to know of a running server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response

from passenger.control.account import account_of
from passenger.control.cards import ModelCard, ModelList, cards_of
from passenger.control.hello import LONGEST_NONCE
from passenger.control.records import RequestList
from passenger.control.status import Account, LoginAnswer, ModelCounts, Status
from passenger.decoding import invalid
from passenger.errors import Failure, Kind
from passenger.gateway import Seat
from passenger.web.addresses import own_urls
from passenger.web.guard import Guard, is_known
from passenger.web.health import Readiness
from passenger.web.identity import Identity
from passenger.web.refusal import json_response
from passenger.web.request_log import RequestLog

Page = Callable[[Request], Awaitable[Response]]

ROOT = "/v1/passenger"

A_MOMENT = 2.0
"""Seconds that the list of models may take until a status goes without it; the fetch goes on."""


@dataclass(frozen=True)
class Facts:
    """What is known of this server; the routes and the page tell the same."""

    seat: Seat
    readiness: Readiness
    identity: Identity
    log: RequestLog
    guard: Guard

    async def status(self, urls: Sequence[str]) -> Status:
        """All of it, with the models counted if their list can be had at once."""
        ready, report = self.readiness.report()
        degraded = report["degraded"]
        return Status(
            version=self.identity.version,
            pid=self.identity.pid,
            started=self.identity.started,
            urls=urls,
            workers=self.identity.workers,
            ready=ready,
            status=str(report["status"]),
            degraded=degraded if isinstance(degraded, dict) else {},
            needs_key=self.guard.wants_key,
            logged_in=self.readiness.is_usable(),
            account=await self.account(),
            models=await self._counts(),
            requests=self.log.totals(),
        )

    async def account(self) -> Account | None:
        """Whose seat it is, as far as GitHub tells within a moment."""
        told = await self.seat.told()
        return account_of(told) if told else None

    async def cards(self) -> list[ModelCard]:
        """The account's models, those included that a policy hides.

        Raises:
            Failure: no list of them can be had.
        """
        catalog = await self.seat.models()
        return cards_of(catalog.models.values(), catalog.aliases, catalog.find)

    async def _counts(self) -> ModelCounts | None:
        try:
            async with asyncio.timeout(A_MOMENT):
                cards = await self.cards()
        except (Failure, TimeoutError):
            return None
        open_to_us = [card for card in cards if not card.is_hidden]
        return ModelCounts(
            chat=sum(card.is_chat for card in open_to_us),
            embeddings=sum(card.kind == "embeddings" for card in open_to_us),
            hidden=sum(card.is_hidden for card in cards),
        )


def routes(facts: Facts) -> Mapping[str, Page]:
    """Each path and what is answered there to a GET."""

    async def say_hello(request: Request) -> Response:
        nonce = request.query_params.get("nonce", "")
        if not nonce or len(nonce) > LONGEST_NONCE:
            raise invalid(f"nonce must have 1 to {LONGEST_NONCE} characters", "nonce")
        if not is_known(request.scope) and not _is_local(request):
            raise Failure(Kind.LOGIN, "from another machine this wants one of the API keys", code="invalid_api_key")
        return json_response(facts.identity.hello(nonce, request.scope["server"]))

    async def list_requests(request: Request) -> Response:
        return json_response(RequestList(facts.log.records(_since(request))))

    async def tell_status(request: Request) -> Response:
        return json_response(await facts.status(own_urls(request.scope, facts.identity.ports)))

    async def list_models(_request: Request) -> Response:
        return json_response(ModelList(await facts.cards()))

    async def tell_login(_request: Request) -> Response:
        return json_response(LoginAnswer(facts.readiness.is_usable(), facts.seat.login_state()))

    pages = {
        "hello": say_hello,
        "requests": list_requests,
        "status": tell_status,
        "models": list_models,
        "login": tell_login,
    }
    return {f"{ROOT}/{name}": page for name, page in pages.items()}


def _since(request: Request) -> float | None:
    text = request.query_params.get("since")
    try:
        return None if text is None else float(text)
    except ValueError:
        raise invalid("since must be a Unix time in seconds", "since") from None


def _is_local(request: Request) -> bool:
    peer = request.client
    try:
        return peer is not None and ip_address(peer.host.partition("%")[0]).is_loopback
    except ValueError:
        return False
