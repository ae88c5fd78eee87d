"""Answers requests without a route, naming the address, method or protocol to use."""

import logging
from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from passenger import __version__
from passenger.dialects.openai import responses
from passenger.errors import Failure, Kind
from passenger.observe.access_log import product
from passenger.server.addresses import advise, base_urls
from passenger.server.error_responses import dialect_of, json_response, refusal
from passenger.server.out_of_scope import find_absent
from passenger.server.scope import Page, exchange_of, header, short_path
from passenger.server.websocket.upgrade import REFUSAL

log = logging.getLogger(__name__)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """404, with the base URL that the client should use, or why there is no such thing here."""
    absent = find_absent(scope["path"])
    if absent is None:
        failure = Failure(Kind.NOT_FOUND, advise(scope, dialect_of(scope)), code="unknown_url")
        await _refuse(failure, {}, scope, receive, send)
        return
    failure = Failure(
        Kind.NOT_FOUND, f"there is no {short_path(scope['path'])} here: {absent.why}", code="out_of_scope"
    )
    exchange_of(scope).fail(failure)
    await refusal(absent.inbound or dialect_of(scope), failure)(scope, receive, send)


async def _refuse_method(method: str, scope: Scope, receive: Receive, send: Send) -> None:
    failure = Failure(Kind.INVALID, f"{scope['path']} wants {method}", status=405, code="method_not_allowed")
    await _refuse(failure, {"allow": method}, scope, receive, send)


async def _refuse(failure: Failure, headers: Mapping[str, str], scope: Scope, receive: Receive, send: Send) -> None:
    exchange_of(scope).fail(failure)
    await refusal(dialect_of(scope), failure, headers)(scope, receive, send)


class _Endpoint:
    """An ASGI function for Starlette, which would call a bare one with a `Request`, and let it serve GET alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def wrong_method(method: str) -> ASGIApp:
    """405, with the method that the path takes."""
    return _Endpoint(partial(_refuse_method, method))


@_Endpoint
async def upgrade_required(scope: Scope, receive: Receive, send: Send) -> None:
    """426: there are no WebSockets, or this asks for none; Codex then goes on over HTTP at once."""
    if header(scope, b"upgrade").lower() != b"websocket":
        await _refuse_method("POST", scope, receive, send)
        return
    if (refused := scope.get(REFUSAL)) is not None:
        exchange_of(scope).fail(refused)
        await refusal(responses.INBOUND, refused)(scope, receive, send)
        return
    log.info("%s asks for a WebSocket and is told to use HTTP (426)", product(header(scope, b"user-agent")))
    message = "this opens no WebSocket: they are off ([server] websocket), or the handshake is wrong; POST the request"
    failure = Failure(Kind.INVALID, message, status=426, code="websockets_not_supported")
    answer = refusal(responses.INBOUND, failure, {"upgrade": "HTTP/1.1", "connection": "upgrade"})
    await answer(scope, receive, send)


@_Endpoint
async def no_action(scope: Scope, receive: Receive, send: Send) -> None:
    """Gemini's `models/{model}:{action}` where there is no such action, or none at all."""
    if ":" in scope["path_params"]["rest"]:
        await not_found(scope, receive, send)
    else:
        await _refuse_method("GET", scope, receive, send)


def signpost(routes: list[tuple[str, str]], below: str) -> Page:
    """`GET /v1` and its like: the base URLs, and the routes below that path."""
    shown = sorted(f"{method} {path}" for method, path in routes if path.startswith(f"{below}/"))

    async def show(request: Request) -> Response:
        urls = {vendor.lower(): url for vendor, url in base_urls(request.scope).items()}
        return json_response({"name": "Passenger", "version": __version__, "base_urls": urls, "routes": shown})

    return show
