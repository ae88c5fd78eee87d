"""The list of parts: which route is served by what."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from passenger.dialects import Inbound, completions, gemini, legacy, messages, responses
from passenger.dialects.ollama import chat as ollama_chat
from passenger.dialects.ollama import generate as ollama_generate
from passenger.errors import Failure, Kind
from passenger.gateway import Gateway
from passenger.limits import Limits
from passenger.web import models, surfaces
from passenger.web.admission import Admission
from passenger.web.cors import preflight, readable
from passenger.web.endpoint import Endpoint, Loadable, Patience, Serve, answering, chatting, loading
from passenger.web.guard import KNOWN, Guard, is_preflight
from passenger.web.health import Readiness
from passenger.web.lifeline import Lifelines
from passenger.web.refusal import dialect_of, json_response, refusal

log = logging.getLogger(__name__)

Page = Callable[[Request], Awaitable[Response]]
_Served = TypeVar("_Served")

PREFIXES = ("/v1", "")
"""OpenAI's and Anthropic's routes are there with and without it."""

GEMINI_PREFIXES = ("/v1beta", "/v1", "")
"""Google's own, which its newer SDKs shorten."""

_MODEL, _ACTION = "/models/{model:path}", "/models/{rest:path}"

OLLAMA_PREFIXES = ("/api", "/v1/api")
"""Ollama's own, and where passenger-rs had its routes."""


def create_app(
    gateway: Gateway,
    readiness: Readiness,
    lifelines: Lifelines,
    guard: Guard,
    *,
    limits: Limits,
    patience: Patience,
) -> "App":
    """The ASGI application."""
    admission = Admission(limits.max_requests, limits.max_body_memory)

    def serving(inbound: Inbound, serve: Serve) -> ASGIApp:
        return Endpoint(gateway, inbound, serve, lifelines, admission, limits=limits)

    def chat(inbound: Inbound) -> ASGIApp:
        return serving(inbound, chatting(gateway, inbound, patience))

    def load_or_chat(inbound: Loadable) -> ASGIApp:
        return serving(inbound, loading(gateway, inbound, chatting(gateway, inbound, patience)))

    def ask(inbound: Inbound, surface: surfaces.Surface) -> ASGIApp:
        return serving(inbound, answering(surface(gateway)))

    posts: dict[str, ASGIApp] = {
        **_below(PREFIXES, "/chat/completions", chat(completions)),
        **_below(PREFIXES, "/completions", chat(legacy)),
        **_below(PREFIXES, "/responses", chat(responses)),
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
    actions: dict[str, ASGIApp] = {
        "generateContent": chat(gemini),
        "streamGenerateContent": chat(gemini),
        "countTokens": ask(gemini, surfaces.count_for_gemini),
        "embedContent": ask(gemini, surfaces.embed_for_gemini),
        "batchEmbedContents": ask(gemini, surfaces.embed_many_for_gemini),
    }
    gets: dict[str, Page] = {
        **_below(GEMINI_PREFIXES, "/models", models.listing(gateway)),
        **_below(OLLAMA_PREFIXES, "/tags", models.tags(gateway)),
        **_below(OLLAMA_PREFIXES, "/ps", models.running),
        **_below(OLLAMA_PREFIXES, "/version", models.version),
        "/health": _say_ok,
        "/livez": _say_ok,
        "/readyz": _say_ready(readiness),
        "/": _say_ollama,
        "/api/hello": _say_ok,
    }
    card = models.card(gateway)
    routes = [
        *(Route(path, _Actions(actions), methods=["POST"]) for path in _below(GEMINI_PREFIXES, _ACTION, None)),
        *(Route(path, _answered(card), methods=["GET"]) for path in _below(GEMINI_PREFIXES, _MODEL, None)),
        *(Route(path, _answered(page), methods=["GET"]) for path, page in gets.items()),
        *(Route(path, _UpgradeRequired(), methods=["GET"]) for path in _below(PREFIXES, "/responses", None)),
        *(Route(path, _WrongMethod("POST")) for path in posts),
        *(Route(path, _WrongMethod("GET")) for path in gets),
        *(Route(path, _WrongMethod("GET")) for path in _below(GEMINI_PREFIXES, _MODEL, None)),
    ]
    return App(guard, posts, Router(routes, default=_not_found, redirect_slashes=False))


def _below(prefixes: Sequence[str], path: str, served: _Served) -> dict[str, _Served]:
    return {prefix + path: served for prefix in prefixes}


class App:
    """The ASGI application: what generates is found by its path at once, the rest by Starlette's patterns."""

    def __init__(self, guard: Guard, posts: Mapping[str, ASGIApp], others: Router) -> None:
        self._guard = guard
        self._posts = posts
        self._others = others

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every method and path that is served."""
        found = [("POST", path) for path in self._posts]
        for route in self._others.routes:
            if isinstance(route, Route) and route.methods:
                path = route.path.replace("{model:path}", "{id}").replace("{rest:path}", "{id}:{action}")
                found += [(method, path) for method in route.methods if method != "HEAD"]
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            self._guard.check(scope)
        except Failure as failure:
            log.info("not let in: %s", failure)
            await refusal(dialect_of(scope), failure)(scope, receive, send)
            return
        origin = self._guard.allowed_origin(scope)
        await self._app(scope, origin)(scope, receive, readable(send, origin) if origin else send)

    def _app(self, scope: Scope, origin: bytes | None) -> ASGIApp:
        if origin is not None and is_preflight(scope):
            return preflight(scope)
        app = self._posts.get(scope["path"]) if scope["method"] == "POST" else None
        return app or self._others


class _Actions:
    """Gemini's `models/{model}:{action}`."""

    def __init__(self, actions: Mapping[str, ASGIApp]) -> None:
        self._actions = actions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        model, colon, action = scope["path_params"]["rest"].rpartition(":")
        scope["path_params"] = {"model": model, "action": action}
        other = _not_found if colon else _WrongMethod("GET")
        await self._actions.get(action, other)(scope, receive, send)


# --- pages -------------------------------------------------------------------------------------------------------


async def _say_ok(_request: Request) -> Response:
    return PlainTextResponse("OK")


async def _say_ollama(_request: Request) -> Response:
    return PlainTextResponse("Ollama is running")


def _say_ready(readiness: Readiness) -> Page:
    async def say_ready(request: Request) -> Response:
        ready, report = readiness.report()
        told = report if request.scope[KNOWN] else {"status": report["status"]}
        return json_response(told, 200 if ready else 503)

    return say_ready


# --- errors ------------------------------------------------------------------------------------------------------


def _answered(page: Page) -> Page:
    """The page, with its failures in the envelope of the dialect that is spoken there."""

    async def answered(request: Request) -> Response:
        try:
            return await page(request)
        except Failure as failure:
            return refusal(dialect_of(request.scope), failure)

    return answered


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    failure = Failure(Kind.NOT_FOUND, f"there is no {scope['path']}; the API is below /v1", code="unknown_url")
    await refusal(dialect_of(scope), failure)(scope, receive, send)


class _WrongMethod:
    """Says which method a path wants. A class, because Starlette lets a function serve GET alone."""

    def __init__(self, method: str) -> None:
        self._method = method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"{scope['path']} wants {self._method}"
        failure = Failure(Kind.INVALID, message, status=405, code="method_not_allowed")
        await refusal(dialect_of(scope), failure, {"allow": self._method})(scope, receive, send)


class _UpgradeRequired:
    """Says that there are no WebSockets here: Codex then goes on over HTTP at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wants = any(name == b"upgrade" and value.lower() == b"websocket" for name, value in scope["headers"])
        if not wants:
            await _WrongMethod("POST")(scope, receive, send)
            return
        message = "there are no WebSockets here yet; POST the same request"
        failure = Failure(Kind.INVALID, message, status=426, code="websockets_not_supported")
        await refusal(responses, failure, {"upgrade": "HTTP/1.1", "connection": "upgrade"})(scope, receive, send)
