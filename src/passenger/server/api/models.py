"""The routes that list models and show one, each in its client's format."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from passenger.copilot.catalog import Model
from passenger.gateway import Gateway
from passenger.jsontext.reading import invalid
from passenger.server.api import model_views
from passenger.server.api.model_views import list_entries
from passenger.server.error_responses import dialect_of, json_response
from passenger.server.guard import principal_of
from passenger.server.scope import Page


def listing(gateway: Gateway) -> Page:
    """`GET /v1/models` for OpenAI's, Anthropic's and Google's clients."""

    async def list_models(request: Request) -> Response:
        catalog, dialect = await gateway.models(principal_of(request.scope)), dialect_of(request.scope).name
        models = list_entries(catalog, dashed=dialect == "messages")
        match dialect:
            case "messages":
                return json_response(
                    _anthropic_page([model for model in models if model_views.is_chat(model)], request)
                )
            case "gemini":
                return json_response(_gemini_page([model for model in models if model_views.is_of_use(model)], request))
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
        shapes = {"messages": model_views.anthropic, "gemini": model_views.gemini}
        shape = shapes.get(dialect_of(request.scope).name, Model.as_openai)
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
        return model_views.anthropic_page(models[start:end], more=start > 0)
    return model_views.anthropic_page(models[start:end][:limit], more=end - start > limit)


def _gemini_page(models: Sequence[Model], request: Request) -> object:
    start = _whole(request, "pageToken") or 0
    size = _whole(request, "pageSize") or len(models)
    end = start + size
    return model_views.gemini_page(models[start:end], str(end) if end < len(models) else None)


def _whole(request: Request, name: str) -> int | None:
    """A number in the query; None if it is absent or 0."""
    text = request.query_params.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise invalid(f"{name} must be a whole number", name)
    return int(text)
