"""Responses in the background over HTTP: they are queued, followed from any event on, and cancelled.

https://platform.openai.com/docs/guides/background
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack
from time import perf_counter, time

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request as WebRequest
from starlette.responses import Response, StreamingResponse

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Ask
from passenger.dialects import Request
from passenger.dialects.framing import write_sse
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses import stored_turn
from passenger.dialects.openai.responses.background_events import BackgroundEvents, event_type, queued_object
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway, GatewayResponse
from passenger.gateway.background import BackgroundJob, wait_for_end
from passenger.gateway.response import pulled
from passenger.jsontext import surrogates
from passenger.jsontext.offload import offload
from passenger.jsontext.raw_object import RawObject
from passenger.jsontext.reading import invalid
from passenger.server.answer import STREAM_HEADERS, ClientAnswer
from passenger.server.api.turns import ResponseTurn, Turns, owner
from passenger.server.error_responses import json_body
from passenger.server.guard import principal_of
from passenger.server.request_path import Chat, deliver
from passenger.server.scope import Page
from passenger.state.store import LostError, Store
from passenger.state.stored import StoredResponse

CANCEL = "/responses/{response_id}/cancel"
"""Where a response is cancelled, below a prefix."""

CANCEL_TIME = 10.0
"""Seconds in which a cancelled response ends; after them it is shown as it is."""

EVENT_STREAM = "text/event-stream; charset=utf-8"

ServeTurn = Callable[[ResponseTurn, Exchange, ClientAnswer], Awaitable[None]]
"""Answers a request whose references are resolved."""

MAX_DIGITS = 18
"""Digits of the number of an event."""


def make_background_serve(gateway: Gateway, turns: Turns, keep_alive: float) -> ServeTurn:
    """Answers requests for responses in the background: queued, or as a stream that may be left.

    `keep_alive` is seconds between two signs of life of a stream (0: never).
    """
    chat, inbound = Chat(gateway), responses.INBOUND

    async def serve(turn: ResponseTurn, exchange: Exchange, answer: ClientAnswer) -> None:
        check_stored(turn)
        gateway.background.check_room()
        request = _streaming(turn.request)
        ask = await chat.peek(inbound, request, exchange)
        await _check(gateway, request, ask, exchange)
        made = _record_of(exchange, ask)
        identity = AnswerIdentity(made.id.replace("-", ""), int(time()), echo=exchange.echo)
        queued = queued_object(turn.request.fields or {}, ask.model, identity)
        with ExitStack() as stack:
            stack.enter_context(await turns.lock(turn))
            job = BackgroundJob(
                owner=turn.owner,
                id=f"resp_{identity.id}",
                events=BackgroundEvents(queued),
                exchange=made,
                keep=lambda response: turns.keep(turn, response),
                ask=lambda: chat.ask(inbound, request, ask, made),
                admit=answer.inflight.hand_over,
                release=stack.close,
            )
            with answer.inflight.ignoring_disconnect():
                shown = await gateway.background.start(job)
            job.release = stack.pop_all().close
        exchange.is_question, exchange.ask, exchange.tariff = False, None, None
        headers = (("x-request-id", made.id),)
        if not turn.references.stream:
            await deliver(GatewayResponse("application/json", headers, shown), answer)
            return
        events = follow(gateway.store, job.owner, job.id, -1, keep_alive)
        await deliver(GatewayResponse(EVENT_STREAM, headers, pulled(events)), answer)

    return serve


def check_stored(turn: ResponseTurn) -> None:
    """Refuse a response in the background that is not to be stored, as OpenAI does."""
    if not turn.references.store:
        raise invalid("background needs store: what is not stored cannot be fetched later", "background")


def _streaming(request: Request) -> Request:
    """The request for a stream, so that there are events to follow."""
    body = RawObject(request.body, request.fields)
    body.set("stream", True)
    return replace(request, body=body.encode())


async def _check(gateway: Gateway, request: Request, ask: Ask, exchange: Exchange) -> None:
    """Find what is wrong with a request while its client is there.

    Raises:
        Failure: there is no such model, or the request cannot be translated for it.
    """
    inbound, seat = responses.INBOUND, gateway.seat(exchange)
    model = await gateway.resolve(seat, ask.model, exchange)
    if not gateway.route(seat, inbound, ask, model).relayed:
        await offload(request.heavy, inbound.read_prompt, request)


def _record_of(exchange: Exchange, ask: Ask) -> Exchange:
    """The record of what is made in the background; that of the request is a page's from now on."""
    return Exchange(
        exchange.method,
        exchange.path,
        exchange.user_agent,
        exchange.principal,
        session=exchange.session,
        dialect=exchange.dialect,
        is_question=True,
        ask=ask,
        echo=exchange.echo,
        dropped=exchange.dropped,
        received=perf_counter(),
    )


# --- followed --------------------------------------------------------------------------------------------------------


async def follow(store: Store, whose: str, response: str, after: int, keep_alive: float) -> AsyncGenerator[bytes, None]:
    """The events of a response with a higher number, as they come, with signs of life in between.

    Raises:
        LostError: there is no such log, or it is there no more.
    """
    events = store.follow(whose, response, after)

    async def following() -> bytes | None:
        return await anext(events, None)

    waiting = asyncio.ensure_future(following())
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=keep_alive or None)
            if not done:
                yield responses.INBOUND.keep_alive[1]
            elif (event := waiting.result()) is None:
                return
            else:
                yield write_sse(event, event_type(event))
                waiting = asyncio.ensure_future(following())
    finally:
        waiting.cancel()


async def follow_stored(store: Store, found: StoredResponse, after: int, keep_alive: float) -> Response:
    """The stream of a stored response's events.

    Raises:
        Failure: its events are not kept, or not any more.
    """
    events = follow(store, found.owner, found.id, after, keep_alive)
    pieces = _unbroken(events)
    if found.status.is_final:
        try:
            first = await anext(events, b"")
        except LostError:
            message = f"The events of response '{found.id}' are not kept any more; fetch it without stream."
            raise Failure(Kind.NOT_FOUND, message, type="invalid_request_error", param="stream") from None
        pieces = _unbroken(events, first)
    return StreamingResponse(
        pieces, 200, {name.decode(): value.decode() for name, value in STREAM_HEADERS}, EVENT_STREAM
    )


async def _unbroken(events: AsyncGenerator[bytes, None], first: bytes = b"") -> AsyncGenerator[bytes, None]:
    """The events, with an `error` event where the log is lost."""
    yield first
    try:
        async for event in events:
            yield event
    except LostError:
        failure = Failure(Kind.INTERNAL, "The events of this response are lost.", code="server_error")
        message = responses.INBOUND.write_break(failure)
        yield write_sse(message.data, message.event)
    finally:
        await events.aclose()


def wants_stream(query: str | None) -> bool:
    """Whether the `stream` of a query asks for one.

    Raises:
        Failure: it is neither true nor false.
    """
    if query not in {None, "", "true", "false"}:
        raise invalid("stream must be true or false", "stream")
    return query == "true"


def read_after(query: str | None) -> int:
    """The number of the event after which a client goes on; -1 for all.

    Raises:
        Failure: it is no such number.
    """
    if query is None:
        return -1
    if not (query.isascii() and query.isdigit() and len(query) <= MAX_DIGITS):
        raise invalid("starting_after must be the sequence_number of an event", "starting_after")
    return int(query)


def check_background(found: StoredResponse) -> None:
    """Refuse to stream a response that was not made in the background, as OpenAI does."""
    if not is_background(found):
        message = "Only responses that were created with background=true can be streamed again."
        raise Failure(Kind.NOT_FOUND, message, type="invalid_request_error", param="stream")


# --- cancelled -------------------------------------------------------------------------------------------------------


class _Background(Struct):
    background: bool | None = None


_BACKGROUND = msgspec.json.Decoder(_Background)


def is_background(found: StoredResponse) -> bool:
    """Whether a response is or was made in the background."""
    return bool(surrogates.decode(_BACKGROUND, found.answer).background)


async def stop(store: Store, found: StoredResponse) -> None:
    """Stop the making of a response, and wait until it has stopped."""
    if found.status.is_final:
        return
    await store.cancel(found.owner, found.id)
    try:
        await wait_for_end(store, found.owner, found.id, CANCEL_TIME)
    except LostError:
        return


def cancel(gateway: Gateway) -> Page:
    """`POST /v1/responses/{response_id}/cancel`."""

    async def page(request: WebRequest) -> Response:
        name, store = request.path_params["response_id"], gateway.store
        whose = owner(gateway, principal_of(request.scope))
        found = await store.get(whose, name)
        if found is None:
            raise stored_turn.response_not_found(name)
        if not is_background(found):
            raise invalid("Cannot cancel a synchronous response.", "response_id")
        await stop(store, found)
        ended = await store.get(whose, name) or found
        return json_body(stored_turn.write_stored(ended.answer, ended.output))

    return page
