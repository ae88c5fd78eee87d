"""The pages that list models, each in the shape that its asker wants."""

from collections.abc import Awaitable, Callable, Sequence
from time import time

from starlette.requests import Request
from starlette.responses import Response

from passenger.copilot.models import Model
from passenger.decoding import invalid
from passenger.gateway import Gateway
from passenger.web import cards
from passenger.web.guard import principal_of
from passenger.web.listed import listed
from passenger.web.recent import Recent
from passenger.web.refusal import dialect_of, json_response

Page = Callable[[Request], Awaitable[Response]]


def listing(gateway: Gateway) -> Page:
    """`GET /v1/models` for OpenAI's, Anthropic's and Google's clients."""

    async def list_models(request: Request) -> Response:
        catalog, dialect = await gateway.models(principal_of(request.scope)), dialect_of(request.scope).NAME
        models = listed(catalog, dashed=dialect == "messages")
        match dialect:
            case "messages":
                return json_response(_anthropic_page([model for model in models if cards.is_chat(model)], request))
            case "gemini":
                return json_response(_gemini_page([model for model in models if cards.is_of_use(model)], request))
            case _:
                return json_response({"object": "list", "data": [model.as_openai() for model in models]})

    return list_models


def card(gateway: Gateway) -> Page:
    """`GET /v1/models/{id}` for the same three."""

    async def show_model(request: Request) -> Response:
        catalog = await gateway.models(principal_of(request.scope))
        name = request.path_params["model"].removeprefix("models/")
        model = catalog.find(name)
        if model is None:
            raise catalog.unknown(name)
        shapes = {"messages": cards.anthropic, "gemini": cards.gemini}
        shape = shapes.get(dialect_of(request.scope).NAME, Model.as_openai)
        return json_response(shape(model))

    return show_model


def _anthropic_page(models: Sequence[Model], request: Request) -> object:
    ids = [model.id for model in models]
    after, before = request.query_params.get("after_id"), request.query_params.get("before_id")
    start = ids.index(after) + 1 if after in ids else 0
    end = ids.index(before) if before in ids else len(ids)
    limit = _whole(request, "limit") or len(ids)
    if before in ids and after not in ids:
        start = max(0, end - limit)
        return cards.anthropic_page(models[start:end], more=start > 0)
    return cards.anthropic_page(models[start:end][:limit], more=end - start > limit)


def _gemini_page(models: Sequence[Model], request: Request) -> object:
    start = _whole(request, "pageToken") or 0
    size = _whole(request, "pageSize") or len(models)
    end = start + size
    return cards.gemini_page(models[start:end], str(end) if end < len(models) else None)


def _whole(request: Request, name: str) -> int | None:
    """A number of the query; 0 and absent are the same."""
    text = request.query_params.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise invalid(f"{name} must be a whole number", name)
    return int(text)


# --- Ollama ------------------------------------------------------------------------------------------------------


def tags(gateway: Gateway) -> Page:
    """`GET /api/tags`."""

    async def list_tags(request: Request) -> Response:
        catalog = await gateway.models(principal_of(request.scope))
        models = [model for model in listed(catalog) if cards.is_of_use(model)]
        return json_response({"models": [cards.ollama(model) for model in models]})

    return list_tags


def running(gateway: Gateway, recent: Recent) -> Page:
    """`GET /api/ps`: nothing is ever loaded here, so those that were asked lately."""

    async def list_running(request: Request) -> Response:
        principal = principal_of(request.scope)
        left = dict(recent.left(gateway.payer(principal)))
        found = (await gateway.models(principal)).models if left else {}
        now = time()
        loaded = [cards.ollama_running(found[name], now + more) for name, more in left.items() if name in found]
        return json_response({"models": loaded})

    return list_running


OLLAMA = "0.14.0"
"""The version of Ollama whose API this is like: Codex refuses to talk to one before 0.13.4."""


async def version(_request: Request) -> Response:
    """`GET /api/version`."""
    return json_response({"version": OLLAMA})
