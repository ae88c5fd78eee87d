"""The list of parts: which route is served by what."""

from collections.abc import Callable, Iterable, Mapping
from time import time
from typing import TYPE_CHECKING, Literal

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from passenger.account.device_login import DeviceLogin
from passenger.dialects import Inbound, RouteOperation
from passenger.dialects.openai import responses
from passenger.dialects.registry import INBOUND
from passenger.errors import Failure
from passenger.gateway import Gateway
from passenger.limits import Limits
from passenger.server.addresses import PREFIXES, format_route
from passenger.server.admin.call import TeamPlaces
from passenger.server.admin.routes import admin_routes
from passenger.server.api import conversations, models, stored_responses
from passenger.server.api import ollama as ollama_api
from passenger.server.api.background import CANCEL, cancel, make_background_serve
from passenger.server.api.operations import REFERRING, make_handler
from passenger.server.api.passenger_api import ServerFacts
from passenger.server.api.passenger_api import posts as own_posts
from passenger.server.api.passenger_api import routes as own_routes
from passenger.server.api.stored_responses import with_references, with_turns
from passenger.server.api.turns import Turns
from passenger.server.control.handshake import Identity
from passenger.server.error_responses import dialect_of, json_response, refusal
from passenger.server.guard import Guard, sees_server
from passenger.server.health import Readiness
from passenger.server.inflight import InflightRequests
from passenger.server.key_permissions import for_chats, operation_of
from passenger.server.login_gate import LoginGate
from passenger.server.not_found import no_action, not_found, signpost, upgrade_required, wrong_method
from passenger.server.pages.join import JoinPages
from passenger.server.pages.routes import Pages
from passenger.server.pages.sessions import Sessions
from passenger.server.post_routes import PostRoutes
from passenger.server.request_log import RequestLog
from passenger.server.request_path import Chat, Endpoint, Patience, RequestPath, Serve, make_chat_serve, make_serve
from passenger.server.revocation import RevocationWatch
from passenger.server.scope import Page, exchange_of
from passenger.server.websocket.upgrade import Admission, WebSockets

if TYPE_CHECKING:
    from passenger.ledger.usage_report import ReadSpent

_ACTION = "/models/{rest:path}"
"""The pattern of all actions."""


def create_app(
    gateway: Gateway,
    readiness: Readiness,
    inflight: InflightRequests,
    guard: Guard,
    *,
    limits: Limits,
    patience: Patience,
    identity: Identity,
    log: RequestLog,
    login: DeviceLogin | None = None,
    gate: LoginGate | None = None,
    named: Mapping[str, str] | None = None,
    spent: "ReadSpent" = lambda: None,
    websocket: bool = True,
    join: JoinPages | None = None,
    places: TeamPlaces | None = None,
) -> RequestPath:
    """The path of all requests, with what is served where; `named` are the models of clients that the settings name.

    `spent` reads what the ledger has of today and of this month. `websocket`: whether there are WebSockets. `join` is
    the page by which people join a team, `places` where that and the ledger are.
    """
    recent = ollama_api.RecentModels()
    gateway.recorder.observe(recent.note)
    gateway.recorder.observe(log.note)
    facts = ServerFacts(readiness.seat, readiness, identity, log, guard, gateway.models, gateway.breaker)
    public_url = join.public_url if join else ""
    pages = Pages(
        facts, Sessions(identity.secret, guard.viewers, time), login, named or {}, spent, public_url=public_url
    )

    turns = Turns(gateway.store, limits)
    watch = RevocationWatch(inflight, guard.ring)

    def endpoint(inbound: Inbound, operation: RouteOperation) -> Endpoint:
        serve = _serve(gateway, turns, inbound, operation, patience)
        return Endpoint(inbound, serve, inflight, limits, gate, operation_of(operation), watch)

    posts = _post_routes(endpoint)
    named_pages = {**_model_pages(gateway, recent, gate), **for_chats(_stored_pages(gateway, patience))}
    gets = {**_paths(named_pages, "gets"), **_own_pages(readiness), **own_routes(facts), **pages.gets()}
    gets |= join.gets() if join else {}
    deletes = _paths(named_pages, "deletes")
    kept = for_chats(dict.fromkeys(responses.INBOUND.routes.below(CANCEL), cancel(gateway)))
    cancelling = {path: _catching_failures(page) for path, page in kept.items()}
    forms: dict[str, ASGIApp | Page] = {**pages.posts(), **(join.posts() if join else {}), **cancelling}
    forms |= {path: _catching_failures(page) for path, page in own_posts(facts).items()}
    router = _router(posts.paths, forms, gets, deletes, admin_routes(places) if places else ())
    paths = responses.INBOUND.routes.below("/responses")
    admission = Admission(guard, inflight, limits, is_kept=gateway.store.keeps)
    sockets = WebSockets(admission, gateway.recorder, [*paths]) if websocket else None
    return RequestPath(guard, gateway.recorder, posts, router, sockets)


def _post_routes(make: Callable[[Inbound, RouteOperation], Endpoint]) -> PostRoutes[Endpoint]:
    """The endpoint of each path and of each action; all paths of an operation share one."""
    posts, actions, templates = dict[str, Endpoint](), dict[str, Endpoint](), dict[str, Endpoint]()
    for inbound in INBOUND:
        routes = inbound.routes
        named = {*routes.posts.values(), *routes.actions.values(), *routes.templates.values()}
        made = {one: make(inbound, one) for one in named}
        posts |= {path: made[one] for short, one in routes.posts.items() for path in routes.below(short)}
        actions |= {action: made[one] for action, one in routes.actions.items()}
        templates |= {path: made[one] for short, one in routes.templates.items() for path in routes.below(short)}
    return PostRoutes(posts, actions, templates)


def _serve(gateway: Gateway, turns: Turns, inbound: Inbound, operation: RouteOperation, patience: Patience) -> Serve:
    """What serves an operation of a dialect."""
    if operation == "chat":
        chat = make_chat_serve(Chat(gateway), inbound, patience)
        background = make_background_serve(gateway, turns, patience.keep_alive)
        return ollama_api.with_loads(gateway, inbound, with_turns(gateway, turns, inbound, chat, background))
    serve = make_serve(make_handler(gateway, operation))
    return with_references(gateway, turns, serve) if operation in REFERRING else serve


def _model_pages(gateway: Gateway, recent: ollama_api.RecentModels, gate: LoginGate | None) -> dict[str, Page]:
    """The lists and cards of models, by name; most wait behind the gate."""
    behind: Callable[[Page], Page] = gate.before_page if gate else lambda page: page
    return {
        "models": behind(models.listing(gateway)),
        "model": behind(models.card(gateway)),
        "tags": behind(ollama_api.tags(gateway)),
        "running": ollama_api.running(gateway, recent),
        "version": ollama_api.version,
    }


def _stored_pages(gateway: Gateway, patience: Patience) -> dict[str, Page]:
    """What is kept, by name."""
    return {
        "response": stored_responses.retrieve(gateway, patience.keep_alive),
        "delete_response": stored_responses.delete(gateway),
        "input_items": stored_responses.input_items(gateway),
        "conversation": conversations.retrieve(gateway),
        "delete_conversation": conversations.delete(gateway),
        "conversation_items": conversations.items(gateway),
        "conversation_item": conversations.item(gateway),
        "delete_item": conversations.delete_item(gateway),
    }


def _paths(pages: Mapping[str, Page], method: Literal["gets", "deletes"]) -> dict[str, Page]:
    """The pages of one method, by path."""
    return {
        path: pages[name]
        for inbound in INBOUND
        for short, name in getattr(inbound.routes, method).items()
        for path in inbound.routes.below(short)
    }


# --- pages -----------------------------------------------------------------------------------------------------------


def _own_pages(readiness: Readiness) -> dict[str, Page]:
    """Whether this server lives and is ready, by path."""

    async def say_ok(_request: Request) -> Response:
        return PlainTextResponse("OK")

    async def say_ready(request: Request) -> Response:
        ready, report = readiness.report()
        told = report if sees_server(request.scope) else {"status": report["status"]}
        return json_response(told, 200 if ready else 503)

    return {"/health": say_ok, "/livez": say_ok, "/api/hello": say_ok, "/readyz": say_ready}


def _catching_failures(page: Page) -> Page:
    """The page, with its failures in the envelope of the dialect that is spoken there."""

    async def answer(request: Request) -> Response:
        try:
            return await page(request)
        except Failure as failure:
            exchange_of(request.scope).fail(failure)
            return refusal(dialect_of(request.scope), failure)

    return answer


# --- what is no endpoint ---------------------------------------------------------------------------------------------


def _router(
    posts: Iterable[str],
    forms: Mapping[str, ASGIApp | Page],
    gets: Mapping[str, Page],
    deletes: Mapping[str, Page],
    admin: Iterable[Route] = (),
) -> Router:
    """What serves pages and forms, and says what is wrong with any other request."""
    actions = [path for inbound in INBOUND if inbound.routes.actions for path in inbound.routes.below(_ACTION)]
    shown = [
        *(("POST", format_route(path)) for path in (*posts, *forms, *actions)),
        *(("GET", format_route(path)) for path in gets),
        *(("DELETE", format_route(path)) for path in deletes),
    ]
    gets = {**gets, **{path: signpost(shown, path) for path in PREFIXES}}
    routes = [
        *admin,
        *(Route(path, no_action, methods=["POST"]) for path in actions),
        *(Route(path, _catching_failures(page), methods=["GET"]) for path, page in gets.items()),
        *(Route(path, _catching_failures(page), methods=["DELETE"]) for path, page in deletes.items()),
        *(Route(path, upgrade_required, methods=["GET"]) for path in responses.INBOUND.routes.below("/responses")),
        *(Route(path, form, methods=["POST"]) for path, form in forms.items()),
        *(Route(path, wrong_method("POST")) for path in (*posts, *forms)),
        *(Route(path, wrong_method("GET")) for path in gets),
    ]
    return Router(routes, default=not_found, redirect_slashes=False)
