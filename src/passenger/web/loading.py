"""Ollama's clients may ask for nothing but that a model be loaded: here every model always is."""

from time import time
from typing import Protocol

from passenger.chat import Stamp
from passenger.dialects import Inbound, Request
from passenger.exchange import Exchange
from passenger.gateway import Delivery, Gateway
from passenger.offload import offload
from passenger.web.answer import Answer
from passenger.web.request_path import Serve, deliver


class Loadable(Inbound, Protocol):
    """A dialect whose clients also ask for nothing but that a model be loaded."""

    def is_load(self, request: Request) -> bool:
        """Whether this request does."""
        ...

    def loaded_model(self, request: Request) -> str:
        """The model that is meant."""
        ...

    def write_load(self, request: Request, stamp: Stamp) -> bytes:
        """What it is answered."""
        ...


def loading(gateway: Gateway, inbound: Loadable, serve: Serve) -> Serve:
    """What a chat route does where a model can be loaded, too."""

    async def serve_either(request: Request, exchange: Exchange, answer: Answer) -> None:
        if not await offload(request.heavy, inbound.is_load, request):
            await serve(request, exchange, answer)
            return
        name = await offload(request.heavy, inbound.loaded_model, request)
        await gateway.check_model(name, exchange)
        stamp = Stamp(exchange.id.replace("-", ""), int(time()))
        body = await offload(request.heavy, inbound.write_load, request, stamp)
        await deliver(Delivery("application/json", (), body), answer)

    return serve_either
