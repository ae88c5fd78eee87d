"""The routes that read a request for a model and do not chat: token counts, compaction, embeddings."""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import Prompt
from passenger.chat.upstream_request import UpstreamRequest
from passenger.copilot.catalog import Model
from passenger.dialects import Request, TokenCount
from passenger.dialects import anthropic as messages
from passenger.dialects.anthropic.attribution import leave_out_attribution, without_attribution
from passenger.dialects.anthropic.counting import write_count, write_count_request
from passenger.dialects.embeddings import EmbeddingsDialect
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses import compaction
from passenger.exchange import Exchange
from passenger.gateway import Gateway, GatewayResponse
from passenger.jsontext.offload import offload
from passenger.jsontext.raw_object import RawObject
from passenger.jsontext.reading import decode
from passenger.server.request_path import Chat, Handler
from passenger.tokens import vocabulary

MakeHandler = Callable[[Gateway], Handler]


def json_answer(body: bytes) -> GatewayResponse:
    """A whole answer of JSON."""
    return GatewayResponse("application/json", (), body)


# --- counting --------------------------------------------------------------------------------------------------------


def count_for_anthropic(gateway: Gateway) -> Handler:
    """`POST /v1/messages/count_tokens`."""

    async def count(request: Request, exchange: Exchange) -> GatewayResponse:
        ask = exchange.ask = await offload(request.heavy, messages.INBOUND.peek, request)

        def write(model: Model) -> UpstreamRequest:
            body = RawObject(request.body, request.fields)
            headers, dropped = messages.OUTBOUND.prepare(body, ask, replace(model.capabilities, least_cached=None))
            if not gateway.policy.keeps_attribution:
                dropped += leave_out_attribution(body)
            return UpstreamRequest(write_count_request(decode(body.encode()), model.id), headers, dropped, ask.vision)

        def read() -> Prompt:
            prompt = without_search(messages.INBOUND.read_prompt(request))
            return prompt if gateway.policy.keeps_attribution else without_attribution(prompt)

        tokens = await gateway.count(ask.model, read, write, exchange, heavy=request.heavy)
        return json_answer(write_count(tokens))

    return count


def count_by_translation(gateway: Gateway, counting: TokenCount) -> Handler:
    """A route that counts tokens in a dialect that Copilot does not count in."""

    async def count(request: Request, exchange: Exchange) -> GatewayResponse:
        prompt = without_search(await offload(request.heavy, counting.read_prompt, request))

        def write(model: Model) -> UpstreamRequest:
            written = messages.OUTBOUND.write_prompt(prompt, replace(model.capabilities, least_cached=None))
            body = write_count_request(written.body, model.id)
            return UpstreamRequest(body, written.headers, written.dropped, prompt.vision)

        tokens = await gateway.count(prompt.model, lambda: prompt, write, exchange, heavy=request.heavy)
        return json_answer(counting.write(tokens))

    return count


def count_for_responses(gateway: Gateway) -> Handler:
    """`POST /v1/responses/input_tokens`."""

    def write(tokens: int) -> bytes:
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})

    return count_by_translation(gateway, TokenCount(read_prompt=responses.INBOUND.read_prompt, write=write))


# --- compacting ------------------------------------------------------------------------------------------------------


def compact_for_openai(gateway: Gateway) -> Handler:
    """`POST /v1/responses/compact`."""
    chat = Chat(gateway)

    async def answer(request: Request, exchange: Exchange) -> GatewayResponse:
        asked = await offload(request.heavy, compaction.to_response_request, request)
        with await chat.answer(responses.INBOUND, asked, exchange) as delivery:
            body = delivery.content if isinstance(delivery.content, bytes) else b""
            return replace(delivery, content=await offload(request.heavy, compaction.write_compacted, request, body))

    return answer


# --- embeddings ------------------------------------------------------------------------------------------------------


def embed(gateway: Gateway, dialect: EmbeddingsDialect) -> Handler:
    """A route for embeddings."""

    async def serve(request: Request, exchange: Exchange) -> GatewayResponse:
        # A vocabulary takes tenths of a second to load: never on the event loop.
        ask = await offload(True, dialect.read, request, vocabulary.decode)
        vectors, usage = await gateway.embed(ask, exchange)
        return json_answer(await offload(True, dialect.write, ask, vectors, usage, exchange.timing().total))

    return serve
