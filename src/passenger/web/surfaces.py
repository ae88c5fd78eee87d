"""The routes that answer one question at once, in the shape of each dialect: token counts, embeddings, a card."""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from passenger import embeddings
from passenger.account.principal import ANYONE
from passenger.body import Body
from passenger.chat import Prompt, Took, Usage, Written
from passenger.copilot.models import Model
from passenger.copilot.quirks import messages as quirks
from passenger.copilot.quirks.attribution import leave_out_attribution
from passenger.decoding import decode, optional
from passenger.dialects import Request, messages, responses
from passenger.dialects.gemini import count as gemini_count
from passenger.dialects.ollama import chat as ollama
from passenger.dialects.responses import compact
from passenger.exchange import Exchange
from passenger.framing import NDJSON
from passenger.gateway import Delivery, Gateway
from passenger.offload import offload
from passenger.tokens import vocabulary
from passenger.web import cards
from passenger.web.request_path import Chat, Handler

Surface = Callable[[Gateway], Handler]


def _json(body: bytes) -> Delivery:
    return Delivery("application/json", (), body)


# --- counting ----------------------------------------------------------------------------------------------------


def count_for_anthropic(gateway: Gateway) -> Handler:
    """`POST /v1/messages/count_tokens`."""

    async def count(request: Request, exchange: Exchange) -> Delivery:
        ask = exchange.ask = await offload(request.heavy, messages.peek, request)

        def write(model: Model) -> Written:
            body = Body(request.body, request.fields)
            headers, dropped = quirks.prepare(body, ask, replace(model.able, least_cached=None))
            if not gateway.policy.keeps_attribution:
                dropped += leave_out_attribution(body)
            return Written(messages.as_question(decode(body.encode()), model.id), headers, dropped, ask.vision)

        def read() -> Prompt:
            prompt = messages.read_prompt(request)
            return prompt if gateway.policy.keeps_attribution else messages.without_attribution(prompt)

        tokens = await gateway.count(ask.model, read, write, exchange, heavy=request.heavy)
        return _json(messages.write_count(tokens))

    return count


def count_for_gemini(gateway: Gateway) -> Handler:
    """`models/{model}:countTokens`."""

    async def count(request: Request, exchange: Exchange) -> Delivery:
        prompt = await offload(request.heavy, gemini_count.read_prompt, request)

        def write(model: Model) -> Written:
            written = messages.write_prompt(prompt, replace(model.able, least_cached=None))
            body = messages.as_question(written.body, model.id)
            return Written(body, written.headers, written.dropped, prompt.vision)

        tokens = await gateway.count(prompt.model, lambda: prompt, write, exchange, heavy=request.heavy)
        return _json(gemini_count.write_count(tokens))

    return count


# --- compacting --------------------------------------------------------------------------------------------------


def compact_for_openai(chat: Chat) -> Handler:
    """`POST /v1/responses/compact`."""

    async def answer(request: Request, exchange: Exchange) -> Delivery:
        asked = await offload(request.heavy, compact.as_question, request)
        with await chat.answer(responses, asked, exchange) as delivery:
            body = delivery.content if isinstance(delivery.content, bytes) else b""
            return replace(delivery, content=await offload(request.heavy, compact.write_answer, request, body))

    return answer


# --- embeddings --------------------------------------------------------------------------------------------------


def _embedding(dialect: embeddings.Dialect) -> Surface:
    def surface(gateway: Gateway) -> Handler:
        async def embed(request: Request, exchange: Exchange) -> Delivery:
            # A vocabulary takes tenths of a second to load: never on the event loop.
            ask = await offload(True, dialect.read, request, vocabulary.decode)
            vectors, usage = await gateway.embed(ask, exchange)
            return _json(await offload(True, _write, dialect, ask, vectors, usage, exchange.took()))

        return embed

    return surface


def _write(
    dialect: embeddings.Dialect, ask: embeddings.EmbedAsk, vectors: embeddings.Vectors, usage: Usage, took: Took
) -> bytes:
    """The answer; only Ollama's says how long it took."""
    if dialect is embeddings.ollama:
        return embeddings.ollama.write(ask, vectors, usage, nanoseconds=took.total)
    return dialect.write(ask, vectors, usage)


embed_for_openai = _embedding(embeddings.openai)
embed_for_gemini = _embedding(embeddings.gemini)
embed_many_for_gemini = _embedding(embeddings.gemini_batch)
embed_for_ollama = _embedding(embeddings.ollama)
embed_for_old_ollama = _embedding(embeddings.ollama_old)


# --- Ollama's models ---------------------------------------------------------------------------------------------


def show_for_ollama(gateway: Gateway) -> Handler:
    """`POST /api/show`."""

    async def show(request: Request, exchange: Exchange) -> Delivery:
        model = await _model_asked_for(gateway, request, exchange)
        return _json(msgspec.json.encode(cards.ollama_card(model)))

    return show


def pull_for_ollama(gateway: Gateway) -> Handler:
    """`POST /api/pull`: a model that the account has is there already."""

    async def pull(request: Request, exchange: Exchange) -> Delivery:
        await _model_asked_for(gateway, request, exchange)
        success = b'{"status":"success"}'
        body = await offload(request.heavy, decode, request.body)
        if optional(body, "stream", bool) is False:
            return _json(success)
        return Delivery(NDJSON.content_type, (), b'{"status":"pulling manifest"}\n' + success + b"\n")

    return pull


async def _model_asked_for(gateway: Gateway, request: Request, exchange: Exchange) -> Model:
    name = await offload(request.heavy, ollama.loaded_model, request)
    with exchange.waiting():
        catalog = await gateway.models(exchange.principal or ANYONE)
    model = catalog.find(name)
    if model is None:
        raise catalog.unknown(name)
    return model
