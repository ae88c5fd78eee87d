"""Passenger's own routes below `/v1/passenger/`, for our commands and the page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from passenger.account.login_state import LoginState
from passenger.account.principal import Principal
from passenger.copilot.catalog import Catalog
from passenger.copilot.model_cards import ModelCard, ModelList, cards_of
from passenger.errors import Failure, Kind
from passenger.gateway import Seat
from passenger.gateway.runaway import RunawayBreaker
from passenger.jsontext.reading import invalid
from passenger.net.hosts import is_this_machine
from passenger.observe.records import RequestList
from passenger.server.addresses import own_urls
from passenger.server.control.handshake import LONGEST_NONCE, Identity
from passenger.server.control.status import LoginAnswer, ModelCounts, Resumed, SeatAccount, ServerStatus, account_of
from passenger.server.error_responses import json_response
from passenger.server.guard import Guard, check_sees_server, is_known, principal_of, sees_server
from passenger.server.health import Readiness
from passenger.server.request_log import RequestLog
from passenger.server.scope import Page

ROOT = "/v1/passenger"

A_MOMENT = 2.0
"""Seconds after which a status is sent without the list of models; its fetch goes on."""


@dataclass(frozen=True)
class ServerFacts:
    """What the routes and the page show of this server."""

    seat: Seat
    readiness: Readiness
    identity: Identity
    log: RequestLog
    guard: Guard
    models_of: Callable[[Principal], Awaitable[Catalog]]
    """The models of the seat of somebody of a team that their key may be used for."""
    breaker: RunawayBreaker | None = None

    async def status(self, urls: Sequence[str]) -> ServerStatus:
        """The status, with the models counted if their list comes in time."""
        ready, report = self.readiness.report()
        degraded = report["degraded"]
        return ServerStatus(
            version=self.identity.version,
            pid=self.identity.pid,
            started=self.identity.started,
            urls=urls,
            workers=self.identity.workers,
            ready=ready,
            status=str(report["status"]),
            degraded=degraded if isinstance(degraded, dict) else {},
            needs_key=self.guard.needs_key,
            logged_in=self.readiness.is_usable(),
            account=await self.account(),
            models=await self._counts(self.cards),
            requests=self.log.totals(),
            paused=self.breaker.paused() if self.breaker else (),
        )

    async def status_for(self, member: Principal, urls: Sequence[str]) -> ServerStatus:
        """What of the status somebody may see who may not look at the server, and the models that are theirs."""
        ready, report = self.readiness.report()
        return ServerStatus(
            version=self.identity.version,
            pid=self.identity.pid,
            started=self.identity.started,
            urls=urls,
            workers=self.identity.workers,
            ready=ready,
            status=str(report["status"]),
            needs_key=self.guard.needs_key,
            logged_in=self.readiness.is_usable(),
            models=await self._counts(lambda: self.cards_for(member)),
        )

    async def account(self) -> SeatAccount | None:
        """The account, if GitHub answers in time; else what answers tell of its quota, if they do."""
        told = await self.seat.told()
        account = account_of(told) if told else SeatAccount()
        account = replace(account, quotas=self.seat.latest_quotas(account.quotas))
        return account if told or account.quotas else None

    async def cards(self) -> list[ModelCard]:
        """The account's models, including those that a policy disables.

        Raises:
            Failure: the list cannot be fetched.
        """
        return _cards_in(await self.seat.models())

    async def cards_for(self, member: Principal) -> list[ModelCard]:
        """The models of the seat of somebody of a team that their key may be used for.

        Raises:
            Failure: they have no seat, or the list cannot be fetched.
        """
        return _cards_in(await self.models_of(member))

    async def _counts(self, read: Callable[[], Awaitable[list[ModelCard]]]) -> ModelCounts | None:
        try:
            async with asyncio.timeout(A_MOMENT):
                cards = await read()
        except (Failure, TimeoutError):
            return None
        open_to_us = [card for card in cards if not card.is_hidden]
        return ModelCounts(
            chat=sum(card.is_chat for card in open_to_us),
            embeddings=sum(card.kind == "embeddings" for card in open_to_us),
            hidden=sum(card.is_hidden for card in cards),
        )


def routes(facts: ServerFacts) -> Mapping[str, Page]:
    """The GET routes by path."""

    async def say_hello(request: Request) -> Response:
        nonce = request.query_params.get("nonce", "")
        if not nonce or len(nonce) > LONGEST_NONCE:
            raise invalid(f"nonce must have 1 to {LONGEST_NONCE} characters", "nonce")
        if not is_known(request.scope) and not _is_local(request):
            raise Failure(Kind.LOGIN, "from another machine this wants one of the API keys", code="invalid_api_key")
        return json_response(facts.identity.hello(nonce, request.scope["server"]))

    async def list_requests(request: Request) -> Response:
        check_sees_server(request.scope)
        return json_response(RequestList(facts.log.records(_since(request))))

    async def tell_status(request: Request) -> Response:
        urls = own_urls(request.scope, facts.identity.ports)
        if sees_server(request.scope):
            return json_response(await facts.status(urls))
        return json_response(await facts.status_for(principal_of(request.scope), urls))

    async def list_models(request: Request) -> Response:
        is_own = not sees_server(request.scope)
        cards = await (facts.cards_for(principal_of(request.scope)) if is_own else facts.cards())
        return json_response(ModelList(cards))

    async def tell_login(request: Request) -> Response:
        # Whoever enters the code decides whose login becomes the server's.
        state = facts.seat.login_state() if sees_server(request.scope) else LoginState()
        return json_response(LoginAnswer(facts.readiness.is_usable(), state))

    pages = {
        "hello": say_hello,
        "requests": list_requests,
        "status": tell_status,
        "models": list_models,
        "login": tell_login,
    }
    return {f"{ROOT}/{name}": page for name, page in pages.items()}


def posts(facts: ServerFacts) -> Mapping[str, Page]:
    """The POST routes by path."""

    async def resume(request: Request) -> Response:
        check_sees_server(request.scope)
        session = request.path_params["session"]
        resumed = facts.breaker.resume(session) if facts.breaker else ()
        if not resumed:
            raise Failure(Kind.NOT_FOUND, f"no session '{session[:80]}' is paused", code="session_not_paused")
        return json_response(Resumed(resumed))

    return {f"{ROOT}/sessions/{{session}}/resume": resume}


def _cards_in(catalog: Catalog) -> list[ModelCard]:
    return cards_of(catalog.models.values(), catalog.aliases, catalog.find)


def _since(request: Request) -> float | None:
    text = request.query_params.get("since")
    try:
        return None if text is None else float(text)
    except ValueError:
        raise invalid("since must be a Unix time in seconds", "since") from None


def _is_local(request: Request) -> bool:
    return request.client is not None and is_this_machine(request.client.host)
