"""What is answered where there is no route: which address, method or protocol to use, with a line in the log."""

import logging
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from passenger import __version__
from passenger.dialects import responses
from passenger.errors import Failure, Kind
from passenger.observe.request_line import product
from passenger.web.addresses import advice, base_urls
from passenger.web.headers import header
from passenger.web.recording import exchange_of
from passenger.web.refusal import dialect_of, json_response, refusal

log = logging.getLogger(__name__)


class Strays:
    """The answers to requests that no route serves; each becomes a line of the log, as those that are served do."""

    async def not_found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Says which base URL the client should have."""
        failure = Failure(Kind.NOT_FOUND, advice(scope, dialect_of(scope)), code="unknown_url")
        await self._refuse(failure, {}, scope, receive, send)

    def wrong_method(self, method: str) -> ASGIApp:
        """Says which method a path wants."""
        return _WrongMethod(self, method)

    def upgrade_required(self) -> ASGIApp:
        """Says that there are no WebSockets here: Codex then goes on over HTTP at once."""
        return _UpgradeRequired(self)

    async def refuse_method(self, method: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request for a path that wants another method."""
        failure = Failure(Kind.INVALID, f"{scope['path']} wants {method}", status=405, code="method_not_allowed")
        await self._refuse(failure, {"allow": method}, scope, receive, send)

    async def _refuse(
        self, failure: Failure, headers: Mapping[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        exchange_of(scope).fail(failure)
        await refusal(dialect_of(scope), failure, headers)(scope, receive, send)


class _WrongMethod:
    """A class, because Starlette lets a function serve GET alone."""

    def __init__(self, strays: Strays, method: str) -> None:
        self._strays = strays
        self._method = method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._strays.refuse_method(self._method, scope, receive, send)


class _UpgradeRequired:
    """See `Strays.upgrade_required`."""

    def __init__(self, strays: Strays) -> None:
        self._strays = strays

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if header(scope, b"upgrade").lower() != b"websocket":
            await self._strays.refuse_method("POST", scope, receive, send)
            return
        log.info("%s asks for a WebSocket and is told to use HTTP (426)", product(header(scope, b"user-agent")))
        message = "there are no WebSockets here yet; POST the same request"
        failure = Failure(Kind.INVALID, message, status=426, code="websockets_not_supported")
        answer = refusal(responses, failure, {"upgrade": "HTTP/1.1", "connection": "upgrade"})
        await answer(scope, receive, send)


def signpost(routes: list[tuple[str, str]], below: str) -> "Signpost":
    """`GET /v1` and its like: the base URLs, and the routes below that path."""
    return Signpost(sorted(f"{method} {path}" for method, path in routes if path.startswith(f"{below}/")))


class Signpost:
    """A page that says what is served below its path, and at which base URLs."""

    def __init__(self, routes: list[str]) -> None:
        self._routes = routes

    async def __call__(self, request: Request) -> Response:
        """The page."""
        urls = {vendor.lower(): url for vendor, url in base_urls(request.scope).items()}
        return json_response({"name": "Passenger", "version": __version__, "base_urls": urls, "routes": self._routes})
