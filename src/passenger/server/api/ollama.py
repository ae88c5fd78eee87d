"""Ollama's routes about models (https://docs.ollama.com/api): list, show, pull, load, and which count as loaded."""

from collections.abc import Iterator
from time import perf_counter, time

import msgspec
from starlette.requests import Request as WebRequest
from starlette.responses import Response

from passenger.account.principal import ANYONE
from passenger.chat.events import AnswerIdentity
from passenger.copilot.catalog import Model
from passenger.dialects import Inbound, Request
from passenger.dialects.framing import NDJSON
from passenger.dialects.ollama.peek import read_model
from passenger.exchange import Exchange
from passenger.gateway import Gateway, GatewayResponse
from passenger.jsontext.node import read_node
from passenger.jsontext.offload import offload
from passenger.server.answer import ClientAnswer
from passenger.server.api import model_views
from passenger.server.api.model_views import list_entries
from passenger.server.api.non_chat import json_answer
from passenger.server.error_responses import json_response
from passenger.server.guard import principal_of
from passenger.server.request_path import Handler, Serve, deliver
from passenger.server.scope import Page

KEPT = 300.0
"""Seconds that a model counts as loaded after a request: Ollama's default."""

MOST = 64
"""Maximum number of models that are remembered."""


class RecentModels:
    """An observer that remembers recently used models, by seat and in each process."""

    def __init__(self) -> None:
        self._asked: dict[str, dict[str, float]] = {}

    def note(self, exchange: Exchange) -> None:
        """Remember the model of a successful exchange."""
        name, ended = exchange.model, exchange.ended
        if name is None or ended is None or exchange.failure is not None:
            return
        asked = self._asked.setdefault(exchange.seat, {})
        if name not in asked and len(asked) >= MOST:
            del asked[min(asked, key=asked.__getitem__)]
        asked[name] = ended

    def left(self, seat: str) -> Iterator[tuple[str, float]]:
        """The models of a seat that count as loaded, latest first, and the seconds until they do not."""
        now = perf_counter()
        for name, ended in sorted(self._asked.get(seat, {}).items(), key=lambda item: -item[1]):
            if now - ended < KEPT:
                yield name, KEPT - (now - ended)


def with_loads(gateway: Gateway, inbound: Inbound, serve: Serve) -> Serve:
    """Wraps a chat route whose clients may ask only to load a model: every model always is loaded."""
    if inbound.load is None:
        return serve
    load = inbound.load

    async def serve_either(request: Request, exchange: Exchange, answer: ClientAnswer) -> None:
        if not await offload(request.heavy, load.is_load, request):
            await serve(request, exchange, answer)
            return
        name = await offload(request.heavy, load.model, request)
        await gateway.resolve(gateway.seat(exchange), name, exchange)
        stamp = AnswerIdentity(exchange.id.replace("-", ""), int(time()))
        body = await offload(request.heavy, load.write, request, stamp)
        await deliver(json_answer(body), answer)

    return serve_either


def tags(gateway: Gateway) -> Page:
    """`GET /api/tags`."""

    async def list_tags(request: WebRequest) -> Response:
        catalog = await gateway.models(principal_of(request.scope))
        models = [model for model in list_entries(catalog) if model_views.is_of_use(model)]
        return json_response({"models": [model_views.ollama(model) for model in models]})

    return list_tags


def running(gateway: Gateway, recent: RecentModels) -> Page:
    """`GET /api/ps`: the models that were used recently, as none is really loaded."""

    async def list_running(request: WebRequest) -> Response:
        principal = principal_of(request.scope)
        left = dict(recent.left(gateway.payer(principal)))
        found = (await gateway.models(principal)).models if left else {}
        now = time()
        loaded = [model_views.ollama_running(found[name], now + more) for name, more in left.items() if name in found]
        return json_response({"models": loaded})

    return list_running


API_VERSION = "0.14.0"
"""The version of Ollama's API that is served: Codex refuses versions before 0.13.4."""


async def version(_request: WebRequest) -> Response:
    """`GET /api/version`."""
    return json_response({"version": API_VERSION})


def show(gateway: Gateway) -> Handler:
    """`POST /api/show`."""

    async def show_model(request: Request, exchange: Exchange) -> GatewayResponse:
        model = await _find_model(gateway, request, exchange)
        return json_answer(msgspec.json.encode(model_views.ollama_card(model)))

    return show_model


def pull(gateway: Gateway) -> Handler:
    """`POST /api/pull`: succeeds at once for a model of the account."""

    async def pull_model(request: Request, exchange: Exchange) -> GatewayResponse:
        await _find_model(gateway, request, exchange)
        success = b'{"status":"success"}'
        body = await offload(request.heavy, read_node, request.body)
        if body.boolean("stream") is False:
            return json_answer(success)
        return GatewayResponse(NDJSON.content_type, (), b'{"status":"pulling manifest"}\n' + success + b"\n")

    return pull_model


async def _find_model(gateway: Gateway, request: Request, exchange: Exchange) -> Model:
    name = await offload(request.heavy, read_model, request)
    with exchange.waiting():
        catalog = await gateway.models(exchange.principal or ANYONE)
    model = catalog.find(name)
    if model is None:
        raise catalog.unknown(name)
    return model
