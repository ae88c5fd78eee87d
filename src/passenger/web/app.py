"""The list of parts: which route is served by what."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import time
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from passenger.dialects import Inbound, completions, gemini, legacy, messages, responses
from passenger.dialects.ollama import chat as ollama_chat
from passenger.dialects.ollama import generate as ollama_generate
from passenger.errors import Failure
from passenger.gateway import Gateway
from passenger.limits import Limits
from passenger.web import models, surfaces
from passenger.web.addresses import as_written
from passenger.web.admission import Admission
from passenger.web.guard import Guard, is_known
from passenger.web.health import Readiness
from passenger.web.identity import Identity
from passenger.web.lifeline import Lifelines
from passenger.web.loading import Loadable, loading
from passenger.web.login_gate import LoginGate
from passenger.web.pages.login import DeviceLogin
from passenger.web.pages.routes import Pages
from passenger.web.pages.sessions import Sessions
from passenger.web.passenger_api import Facts
from passenger.web.passenger_api import routes as own_routes
from passenger.web.recent import Recent
from passenger.web.recording import exchange_of
from passenger.web.refusal import dialect_of, json_response, refusal
from passenger.web.request_log import RequestLog
from passenger.web.request_path import Chat, Endpoint, Patience, RequestPath, Serve, answering, chatting
from passenger.web.strays import Strays, signpost

Page = Callable[[Request], Awaitable[Response]]
_Served = TypeVar("_Served")

PREFIXES = ("/v1", "")
"""OpenAI's and Anthropic's routes are there with and without it."""

GEMINI_PREFIXES = ("/v1beta", "/v1", "")
"""Google's own, which its newer SDKs shorten."""

_MODEL, _REST = "/models/{model:path}", "/models/{rest:path}"

OLLAMA_PREFIXES = ("/api", "/v1/api")
"""Ollama's own, and where passenger-rs had its routes."""

SIGNPOSTS = ("/v1", "/v1beta", "/api", "/v1/api")
"""Where nothing is served but below, which a page says."""


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
) -> RequestPath:
    """The path of all requests, with what is served where; `named` are the models of clients that the settings name."""
    admission = Admission(limits.max_requests, limits.max_body_memory)
    asked, recent = Chat(gateway), Recent()
    gateway.recorder.observe(recent.note)
    gateway.recorder.observe(log.note)
    facts = Facts(readiness.seat, readiness, identity, log, guard)
    pages = Pages(facts, Sessions(identity.secret, guard.keys.digests, time), login, named or {})

    def serving(inbound: Inbound, serve: Serve) -> Endpoint:
        return Endpoint(inbound, serve, lifelines, admission, limits, gate)

    def chat(inbound: Inbound) -> Endpoint:
        return serving(inbound, chatting(asked, inbound, patience))

    def load_or_chat(inbound: Loadable) -> Endpoint:
        return serving(inbound, loading(gateway, inbound, chatting(asked, inbound, patience)))

    def ask(inbound: Inbound, surface: surfaces.Surface) -> Endpoint:
        return serving(inbound, answering(surface(gateway)))

    def listing(page: Page) -> Page:
        return gate.before_page(page) if gate else page

    posts: dict[str, Endpoint] = {
        **_below(PREFIXES, "/chat/completions", chat(completions)),
        **_below(PREFIXES, "/completions", chat(legacy)),
        **_below(PREFIXES, "/responses", chat(responses)),
        **_below(PREFIXES, "/responses/compact", serving(responses, answering(surfaces.compact_for_openai(asked)))),
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
    return RequestPath(guard, gateway.recorder, posts, actions, others)


def _below(prefixes: Sequence[str], path: str, served: _Served) -> dict[str, _Served]:
    return {prefix + path: served for prefix in prefixes}


def _routes(posts: Iterable[str], gets: Iterable[str]) -> list[tuple[str, str]]:
    """What is served, for people to read."""
    acts, cards = _below(GEMINI_PREFIXES, _REST, None), _below(GEMINI_PREFIXES, _MODEL, None)
    return [
        *(("POST", as_written(path)) for path in (*posts, *acts)),
        *(("GET", as_written(path)) for path in (*gets, *cards)),
    ]


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
