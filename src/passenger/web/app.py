"""The list of parts: which route is served by what."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from passenger.dialects import completions
from passenger.errors import Failure, Kind
from passenger.gateway import Gateway
from passenger.web.endpoint import ChatEndpoint
from passenger.web.health import Readiness
from passenger.web.lifeline import Lifelines

Page = Callable[[Request], Awaitable[Response]]


def create_app(gateway: Gateway, readiness: Readiness, lifelines: Lifelines, *, max_body: int) -> ASGIApp:
    """The ASGI application; each OpenAI route is there with and without `/v1`."""
    chat = ChatEndpoint(gateway, completions, lifelines, max_body=max_body)
    routes = [
        *_both("/chat/completions", chat, "POST"),
        *_both("/models", _answered(_list_models(gateway)), "GET"),
        *_both("/models/{model:path}", _answered(_show_model(gateway)), "GET"),
        *_route("/health", _say_ok, "GET"),
        *_route("/livez", _say_ok, "GET"),
        *_route("/readyz", _say_ready(readiness), "GET"),
    ]
    return Router(routes, default=_not_found, redirect_slashes=False)


def _both(path: str, endpoint: ASGIApp | Page, method: str) -> list[Route]:
    return [*_route(f"/v1{path}", endpoint, method), *_route(path, endpoint, method)]


def _route(path: str, endpoint: ASGIApp | Page, method: str) -> list[Route]:
    """A route, and the answer to those who come with another method."""
    return [Route(path, endpoint, methods=[method]), Route(path, _WrongMethod(method))]


# --- models ------------------------------------------------------------------------------------------------------


def _list_models(gateway: Gateway) -> Page:
    async def list_models(_request: Request) -> Response:
        catalog = await gateway.models()
        return _json({"object": "list", "data": [model.as_openai() for model in catalog.models.values()]})

    return list_models


def _show_model(gateway: Gateway) -> Page:
    async def show_model(request: Request) -> Response:
        name = request.path_params["model"]
        catalog = await gateway.models()
        model = catalog.find(name)
        if model is None:
            raise catalog.unknown(name)
        return _json(model.as_openai())

    return show_model


# --- health ------------------------------------------------------------------------------------------------------


async def _say_ok(_request: Request) -> Response:
    return PlainTextResponse("OK")


def _say_ready(readiness: Readiness) -> Page:
    async def say_ready(_request: Request) -> Response:
        ready, report = readiness.report()
        return _json(report, 200 if ready else 503)

    return say_ready


# --- errors ------------------------------------------------------------------------------------------------------


def _answered(page: Page) -> Page:
    """The page, with its failures in OpenAI's envelope."""

    async def answered(request: Request) -> Response:
        try:
            return await page(request)
        except Failure as failure:
            return _refusal(failure)

    return answered


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    failure = Failure(Kind.NOT_FOUND, f"there is no {scope['path']}; the API is below /v1", code="unknown_url")
    await _refusal(failure)(scope, receive, send)


class _WrongMethod:
    """Says which method a path wants. A class, because Starlette lets a function serve GET alone."""

    def __init__(self, method: str) -> None:
        self._method = method

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = f"{scope['path']} wants {self._method}"
        failure = Failure(Kind.INVALID, message, status=405, code="method_not_allowed")
        await _refusal(failure, {"allow": self._method})(scope, receive, send)


def _refusal(failure: Failure, headers: dict[str, str] | None = None) -> Response:
    known = {**dict(failure.headers), **(headers or {})}
    if failure.retry_after is not None:
        known["retry-after"] = failure.retry_after
    return Response(completions.write_failure(failure), failure.status, known, "application/json")


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
