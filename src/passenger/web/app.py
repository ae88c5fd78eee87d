"""The list of parts: which route is served by what."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import perf_counter, time
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from passenger.dialects import Inbound, completions, gemini, legacy, messages, responses
from passenger.dialects.ollama import chat as ollama_chat
from passenger.dialects.ollama import generate as ollama_generate
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.gateway import Gateway
from passenger.gateway.recorder import Recorder
from passenger.limits import Limits
from passenger.observe.request_line import product
from passenger.server.asgi import serve
from passenger.server.stream import Stream
from passenger.web import models, surfaces
from passenger.web.addresses import meant, shown
from passenger.web.admission import Admission
from passenger.web.cors import preflight, readable_by
from passenger.web.endpoint import Endpoint, Loadable, Patience, Serve, answering, chatting, loading
from passenger.web.guard import PRINCIPAL, Guard, is_known, is_preflight
from passenger.web.health import Readiness
from passenger.web.identity import Identity
from passenger.web.keys import hint
from passenger.web.lifeline import Lifelines
from passenger.web.login_gate import LoginGate
from passenger.web.pages.login import DeviceLogin
from passenger.web.pages.routes import Pages
from passenger.web.pages.sessions import Sessions
from passenger.web.passenger_api import Facts
from passenger.web.passenger_api import routes as own_routes
from passenger.web.recent import Recent
from passenger.web.recording import begin, exchange_of
from passenger.web.refusal import dialect_of, json_response, refusal
from passenger.web.request_log import RequestLog
from passenger.web.strays import Strays, signpost

_logger = logging.getLogger(__name__)

Page = Callable[[Request], Awaitable[Response]]
_Served = TypeVar("_Served")

PREFIXES = ("/v1", "")
"""OpenAI's and Anthropic's routes are there with and without it."""

GEMINI_PREFIXES = ("/v1beta", "/v1", "")
"""Google's own, which its newer SDKs shorten."""

_MODEL, _REST = "/models/{model:path}", "/models/{rest:path}"

_ACTION = re.compile(r"(?:/v1beta|/v1)?/models/(?P<model>.*):(?P<action>[^:]*)", re.DOTALL)
"""Gemini's `models/{model}:{action}`."""

OLLAMA_PREFIXES = ("/api", "/v1/api")
"""Ollama's own, and where passenger-rs had its routes."""

SIGNPOSTS = ("/v1", "/v1beta", "/api", "/v1/api")
"""Where nothing is served but below, which a page says."""
REST = 2.0
"""Seconds without a request after which nobody is at work."""


def create_app(
    gateway: Gateway,
    readiness: Readiness,
    lifelines: Lifelines,
    guard: Guard,
    *,
    limits: Limits,
    patience: Patience,
    identity: Identity,
    log: RequestLog,
    login: DeviceLogin | None = None,
    gate: LoginGate | None = None,
    named: Mapping[str, str] | None = None,
) -> "App":
    """The ASGI application; `named` are the models of clients that the settings name."""
    admission = Admission(limits.max_requests, limits.max_body_memory)
    recent = Recent()
    gateway.recorder.observe(recent.note)
    gateway.recorder.observe(log.note)
    facts = Facts(readiness.seat, readiness, identity, log, guard)
    pages = Pages(facts, Sessions(identity.secret, guard.keys.digests, time), login, named or {})

    def serving(inbound: Inbound, serve: Serve) -> Endpoint:
        serve = gate.before(serve) if gate else serve
        return Endpoint(inbound, serve, lifelines, admission, limits=limits)

    def chat(inbound: Inbound) -> Endpoint:
        return serving(inbound, chatting(gateway, inbound, patience))

    def load_or_chat(inbound: Loadable) -> Endpoint:
        return serving(inbound, loading(gateway, inbound, chatting(gateway, inbound, patience)))

    def ask(inbound: Inbound, surface: surfaces.Surface) -> Endpoint:
        return serving(inbound, answering(surface(gateway)))

    def listing(page: Page) -> Page:
        return gate.before_page(page) if gate else page

    posts: dict[str, Endpoint] = {
        **_below(PREFIXES, "/chat/completions", chat(completions)),
        **_below(PREFIXES, "/completions", chat(legacy)),
        **_below(PREFIXES, "/responses", chat(responses)),
        **_below(PREFIXES, "/responses/compact", ask(responses, surfaces.compact_for_openai)),
        **_below(PREFIXES, "/messages", chat(messages)),
        **_below(PREFIXES, "/messages/count_tokens", ask(messages, surfaces.count_for_anthropic)),
        **_below(PREFIXES, "/embeddings", ask(completions, surfaces.embed_for_openai)),
        **_below(OLLAMA_PREFIXES, "/chat", load_or_chat(ollama_chat)),
        **_below(OLLAMA_PREFIXES, "/generate", load_or_chat(ollama_generate)),
        **_below(OLLAMA_PREFIXES, "/embed", ask(ollama_chat, surfaces.embed_for_ollama)),
        **_below(OLLAMA_PREFIXES, "/embeddings", ask(ollama_chat, surfaces.embed_for_old_ollama)),
        **_below(OLLAMA_PREFIXES, "/show", ask(ollama_chat, surfaces.show_for_ollama)),
        **_below(OLLAMA_PREFIXES, "/pull", ask(ollama_chat, surfaces.pull_for_ollama)),
    }
    actions: dict[str, Endpoint] = {
        "generateContent": chat(gemini),
        "streamGenerateContent": chat(gemini),
        "countTokens": ask(gemini, surfaces.count_for_gemini),
        "embedContent": ask(gemini, surfaces.embed_for_gemini),
        "batchEmbedContents": ask(gemini, surfaces.embed_many_for_gemini),
    }
    gets: dict[str, Page] = {
        **_below(GEMINI_PREFIXES, "/models", listing(models.listing(gateway))),
        **_below(OLLAMA_PREFIXES, "/tags", listing(models.tags(gateway))),
        **_below(OLLAMA_PREFIXES, "/ps", models.running(gateway, recent)),
        **_below(OLLAMA_PREFIXES, "/version", models.version),
        "/health": _say_ok,
        "/livez": _say_ok,
        "/readyz": _say_ready(readiness),
        "/api/hello": _say_ok,
        **own_routes(facts),
        **pages.gets(),
    }
    card, strays = listing(models.card(gateway)), Strays()
    wrong, forms = strays.wrong_method, pages.posts()
    gets |= {path: signpost(_routes((*posts, *forms), gets), path) for path in SIGNPOSTS}
    routes = [
        *(Route(path, _NoAction(strays), methods=["POST"]) for path in _below(GEMINI_PREFIXES, _REST, None)),
        *(Route(path, _answered(card), methods=["GET"]) for path in _below(GEMINI_PREFIXES, _MODEL, None)),
        *(Route(path, _answered(page), methods=["GET"]) for path, page in gets.items()),
        *(Route(path, strays.upgrade_required(), methods=["GET"]) for path in _below(PREFIXES, "/responses", None)),
        *(Route(path, form, methods=["POST"]) for path, form in forms.items()),
        *(Route(path, wrong("POST")) for path in (*posts, *forms)),
        *(Route(path, wrong("GET")) for path in gets),
        *(Route(path, wrong("GET")) for path in _below(GEMINI_PREFIXES, _MODEL, None)),
    ]
    others = Router(routes, default=strays.not_found, redirect_slashes=False)
    return App(guard, gateway.recorder, posts, actions, others)


def _below(prefixes: Sequence[str], path: str, served: _Served) -> dict[str, _Served]:
    return {prefix + path: served for prefix in prefixes}


def _routes(posts: Iterable[str], gets: Iterable[str]) -> list[tuple[str, str]]:
    """What is served, for people to read."""
    acts, cards = _below(GEMINI_PREFIXES, _REST, None), _below(GEMINI_PREFIXES, _MODEL, None)
    return [*(("POST", _shown(path)) for path in (*posts, *acts)), *(("GET", _shown(path)) for path in (*gets, *cards))]


class App:
    """Serves streams: what generates is found by its path at once, the rest by Starlette's patterns."""

    def __init__(
        self,
        guard: Guard,
        recorder: Recorder,
        posts: Mapping[str, Endpoint],
        actions: Mapping[str, Endpoint],
        others: Router,
    ) -> None:
        self._guard = guard
        self._recorder = recorder
        self._posts = posts
        self._actions = actions
        self._others = others
        self._asked = float("-inf")

    @property
    def rests(self) -> bool:
        """Whether nobody has asked anything for a moment."""
        return perf_counter() - self._asked > REST

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every method and path that is served."""
        found = [("POST", path) for path in self._posts]
        for route in self._others.routes:
            if isinstance(route, Route) and route.methods:
                found += [(method, _shown(route.path)) for method in route.methods if method != "HEAD"]
        return found

    async def __call__(self, stream: Stream) -> None:
        """Serve one request, and record it however it ends."""
        self._asked = perf_counter()
        exchange = begin(stream.scope)
        try:
            await self._serve(stream, exchange)
        except Exception:
            _note_error(exchange, stream)
            raise
        finally:
            self._recorder.record(exchange, stream)

    async def _serve(self, stream: Stream, exchange: Exchange) -> None:
        scope = stream.scope
        try:
            scope[PRINCIPAL] = exchange.principal = self._guard.check(scope)
        except Failure as failure:
            exchange.fail(failure)
            _note_refusal(scope, failure)
            await serve(refusal(dialect_of(scope), failure), stream)
            return
        origin = self._guard.allowed_origin(scope)
        if origin is not None:
            stream.extra = readable_by(origin)
        if (endpoint := self._endpoint(scope, exchange)) is not None:
            await endpoint(stream)
        else:
            page = preflight(scope) if origin is not None and is_preflight(scope) else self._others
            await serve(page, stream)

    def _endpoint(self, scope: Scope, exchange: Exchange) -> Endpoint | None:
        """What serves the path that was meant, which is nearly always the one that was asked for; it records itself."""
        if scope["method"] != "POST":
            scope["path"] = meant(scope["path"])
            return None
        found = self._posts.get(scope["path"])
        if found is None:
            scope["path"] = meant(scope["path"])
            exchange.path = shown(scope["path"])
            found = self._posts.get(scope["path"]) or self._acting(scope)
        return found

    def _acting(self, scope: Scope) -> Endpoint | None:
        """What serves an action of Gemini's."""
        match = _ACTION.fullmatch(scope["path"])
        if match is None:
            return None
        scope["path_params"] = match.groupdict()
        return self._actions.get(match["action"])


def _note_error(exchange: Exchange, stream: Stream) -> None:
    """Note that it is we who have failed, unless it is said already."""
    if exchange.failure is None:
        outcome = Outcome.BROKEN if stream.started else Outcome.FAILED
        exchange.fail(Failure(Kind.INTERNAL, "Passenger failed; its log says more", code="internal_error"), outcome)


def _note_refusal(scope: Scope, failure: Failure) -> None:
    """Log who was not let in, from where and, where that is why, with what key; never with a key itself."""
    headers, peer = dict(scope["headers"]), scope.get("client")
    key = f" with {hint(headers, scope['query_string'])}" if failure.code == "invalid_api_key" else ""
    what = f"{scope['method']} {shown(scope['path'])} by {product(headers.get(b'user-agent', b''))}"
    _logger.warning("not let in: %s from %s%s: %s", what, peer[0] if peer else "?", key, failure)


def _shown(path: str) -> str:
    """A route as people write it."""
    return path.replace("{model:path}", "{id}").replace("{rest:path}", "{id}:{action}")


class _NoAction:
    """Gemini's `models/{model}:{action}` where there is no such action, or none at all."""

    def __init__(self, strays: Strays) -> None:
        self._strays = strays

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        colon = ":" in scope["path_params"]["rest"]
        other = self._strays.not_found if colon else self._strays.wrong_method("GET")
        await other(scope, receive, send)


# --- pages -------------------------------------------------------------------------------------------------------


async def _say_ok(_request: Request) -> Response:
    return PlainTextResponse("OK")


def _say_ready(readiness: Readiness) -> Page:
    async def say_ready(request: Request) -> Response:
        ready, report = readiness.report()
        told = report if is_known(request.scope) else {"status": report["status"]}
        return json_response(told, 200 if ready else 503)

    return say_ready


# --- errors ------------------------------------------------------------------------------------------------------


def _answered(page: Page) -> Page:
    """The page, with its failures in the envelope of the dialect that is spoken there."""

    async def answered(request: Request) -> Response:
        try:
            return await page(request)
        except Failure as failure:
            exchange_of(request.scope).fail(failure)
            return refusal(dialect_of(request.scope), failure)

    return answered
