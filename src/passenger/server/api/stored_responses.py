"""Stored responses: chained requests, `GET` and `DELETE /v1/responses/{id}`, and what was put into them.

https://platform.openai.com/docs/api-reference/responses/get
"""

from starlette.requests import Request as WebRequest
from starlette.responses import Response

from passenger.dialects import Inbound, Request
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses import stored_turn
from passenger.exchange import Exchange
from passenger.gateway import Gateway
from passenger.server.answer import ClientAnswer
from passenger.server.api.background import (
    ServeTurn,
    check_background,
    follow_stored,
    read_after,
    stop,
    wants_stream,
)
from passenger.server.api.listing import list_items
from passenger.server.api.turns import Turns, owner, owner_of
from passenger.server.error_responses import json_body, json_response
from passenger.server.guard import principal_of
from passenger.server.http.response_head import Header
from passenger.server.request_path import Serve, ServeChat
from passenger.server.scope import Page
from passenger.state.store import LostError

FINISHES: Header = (b"x-passenger-finish-dropped", b"yes")
"""Says that an answer is finished and kept also if its client goes."""


def with_turns(gateway: Gateway, turns: Turns, inbound: Inbound, serve: ServeChat, background: ServeTurn) -> Serve:
    """Wraps the chat route of Responses, whose requests may refer to what is kept, and whose answers are."""
    if inbound is not responses.INBOUND or not gateway.store.keeps:
        return serve

    async def serve_turn(request: Request, exchange: Exchange, answer: ClientAnswer) -> None:
        turn = await turns.resolve(request, owner_of(gateway, exchange), exchange)
        if turn is None:
            await serve(request, exchange, answer)
            return
        answer.inflight.hold(turn.growth)
        if turn.references.background:
            await background(turn, exchange, answer)
            return
        if gateway.policy.finish_dropped and turn.references.stream and turn.references.store:
            answer.inflight.ignore_disconnect()
            answer.promise(FINISHES)
        with await turns.lock(turn):
            await serve(turn.request, exchange, answer, lambda response: turns.keeping(turn, response))

    return serve_turn


def with_references(gateway: Gateway, turns: Turns, serve: Serve) -> Serve:
    """Wraps a route whose requests may refer to what is kept, and whose answers are not kept."""

    async def serve_turn(request: Request, exchange: Exchange, answer: ClientAnswer) -> None:
        turn = await turns.resolve(request, owner_of(gateway, exchange), exchange)
        if turn is not None:
            answer.inflight.hold(turn.growth)
        await serve(request if turn is None else turn.request, exchange, answer)

    return serve_turn if gateway.store.keeps else serve


def retrieve(gateway: Gateway, keep_alive: float) -> Page:
    """`GET /v1/responses/{response_id}`, also as a stream of the events of a response in the background."""

    async def page(request: WebRequest) -> Response:
        name, query = request.path_params["response_id"], request.query_params
        is_streamed, after = wants_stream(query.get("stream")), read_after(query.get("starting_after"))
        found = await gateway.store.get(owner(gateway, principal_of(request.scope)), name)
        if found is None:
            raise stored_turn.response_not_found(name)
        if is_streamed:
            check_background(found)
            return await follow_stored(gateway.store, found, after, keep_alive)
        return json_body(stored_turn.write_stored(found.answer, found.output))

    return page


def delete(gateway: Gateway) -> Page:
    """`DELETE /v1/responses/{response_id}`."""

    async def page(request: WebRequest) -> Response:
        name, whose = request.path_params["response_id"], owner(gateway, principal_of(request.scope))
        if (found := await gateway.store.get(whose, name)) is not None:
            await stop(gateway.store, found)
        if not await gateway.store.delete(whose, name):
            raise stored_turn.response_not_found(name)
        return json_response({"id": name, "object": "response", "deleted": True})

    return page


def input_items(gateway: Gateway) -> Page:
    """`GET /v1/responses/{response_id}/input_items`: everything that the model was given, earlier turns included."""

    async def page(request: WebRequest) -> Response:
        name, whose = request.path_params["response_id"], owner(gateway, principal_of(request.scope))
        found = await gateway.store.get(whose, name)
        if found is None:
            raise stored_turn.response_not_found(name)
        try:
            before = await gateway.store.chain(whose, found.parent) if found.parent is not None else ()
        except LostError:
            raise stored_turn.previous_not_found(found.parent or "") from None
        return json_body(list_items((*before, *found.input), request.query_params))

    return page
