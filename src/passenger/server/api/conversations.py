"""Conversations: histories with a name, which responses go on with and add to.

https://platform.openai.com/docs/api-reference/conversations
"""

from collections.abc import Callable
from time import time

from starlette.requests import Request as WebRequest
from starlette.responses import Response

from passenger.dialects import Request
from passenger.dialects.openai.responses import conversations as dialect
from passenger.dialects.openai.responses.stored_items import listed, with_ids
from passenger.dialects.openai.responses.stored_turn import conversation_not_found, item_not_found
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway, GatewayResponse
from passenger.server.api.listing import list_items, write_list
from passenger.server.api.non_chat import json_answer
from passenger.server.api.turns import follow_references, owner, owner_of
from passenger.server.error_responses import json_body
from passenger.server.guard import principal_of
from passenger.server.request_path import Handler
from passenger.server.scope import Page
from passenger.state.item_ids import read_id
from passenger.state.store import LostError, Store
from passenger.state.stored import Items, StoredConversation

MakePage = Callable[[Gateway], Page]


# --- what is sent ----------------------------------------------------------------------------------------------------


def create(gateway: Gateway) -> Handler:
    """`POST /v1/conversations`."""

    async def answer(request: Request, exchange: Exchange) -> GatewayResponse:
        metadata, whose = dialect.read_metadata(request.body), owner_of(gateway, exchange)
        items = await _read_items(gateway.store, whose, request)
        made = StoredConversation(dialect.new_conversation_id(), whose, int(time()), metadata)
        _check_kept(await gateway.store.put_conversation(made))
        if items:
            _check_kept(await gateway.store.add_items(whose, made.id, items))
        return json_answer(_object(made))

    return answer


def update(gateway: Gateway) -> Handler:
    """`POST /v1/conversations/{conversation_id}`: other metadata."""

    async def answer(request: Request, exchange: Exchange) -> GatewayResponse:
        metadata = dialect.read_metadata(request.body)
        found = await _find(gateway.store, owner_of(gateway, exchange), request.path_params["conversation_id"])
        changed = StoredConversation(found.id, found.owner, found.created, metadata)
        _check_kept(await gateway.store.put_conversation(changed))
        return json_answer(_object(changed))

    return answer


def add_items(gateway: Gateway) -> Handler:
    """`POST /v1/conversations/{conversation_id}/items`."""

    async def answer(request: Request, exchange: Exchange) -> GatewayResponse:
        whose, name = owner_of(gateway, exchange), request.path_params["conversation_id"]
        items = await _read_items(gateway.store, whose, request, await _items(gateway.store, whose, name))
        try:
            _check_kept(await gateway.store.add_items(whose, name, items))
        except LostError:
            raise conversation_not_found(name) from None
        return json_answer(write_list(items))

    return answer


# --- what is fetched and deleted -------------------------------------------------------------------------------------


def retrieve(gateway: Gateway) -> Page:
    """`GET /v1/conversations/{conversation_id}`."""

    async def page(request: WebRequest) -> Response:
        return json_body(_object(await _find(gateway.store, *_named(gateway, request))))

    return page


def delete(gateway: Gateway) -> Page:
    """`DELETE /v1/conversations/{conversation_id}`."""

    async def page(request: WebRequest) -> Response:
        whose, name = _named(gateway, request)
        if not await gateway.store.delete_conversation(whose, name):
            raise conversation_not_found(name)
        return json_body(dialect.write_deleted(name))

    return page


def items(gateway: Gateway) -> Page:
    """`GET /v1/conversations/{conversation_id}/items`."""

    async def page(request: WebRequest) -> Response:
        return json_body(list_items(await _items(gateway.store, *_named(gateway, request)), request.query_params))

    return page


def item(gateway: Gateway) -> Page:
    """`GET /v1/conversations/{conversation_id}/items/{item_id}`."""

    async def page(request: WebRequest) -> Response:
        wanted = request.path_params["item_id"]
        for one in await _items(gateway.store, *_named(gateway, request)):
            if read_id(one) == wanted:
                return json_body(bytes(listed(one)))
        raise item_not_found(wanted)

    return page


def delete_item(gateway: Gateway) -> Page:
    """`DELETE /v1/conversations/{conversation_id}/items/{item_id}`, which answers with the conversation."""

    async def page(request: WebRequest) -> Response:
        whose, name = _named(gateway, request)
        found = await _find(gateway.store, whose, name)
        if not await gateway.store.delete_item(whose, name, request.path_params["item_id"]):
            raise item_not_found(request.path_params["item_id"])
        return json_body(_object(found))

    return page


# --- helpers ---------------------------------------------------------------------------------------------------------


def _named(gateway: Gateway, request: WebRequest) -> tuple[str, str]:
    """Who asks, and for which conversation."""
    return owner(gateway, principal_of(request.scope)), request.path_params["conversation_id"]


async def _read_items(store: Store, whose: str, request: Request, earlier: Items = ()) -> Items:
    """The items of a request, each with an id that none of the earlier ones has."""
    return tuple(with_ids(await follow_references(store, whose, dialect.read_items(request.body)), earlier))


async def _find(store: Store, whose: str, name: str) -> StoredConversation:
    found = await store.get_conversation(whose, name)
    if found is None:
        raise conversation_not_found(name)
    return found


async def _items(store: Store, whose: str, name: str) -> Items:
    try:
        return await store.conversation_items(whose, name)
    except LostError:
        raise conversation_not_found(name) from None


def _object(conversation: StoredConversation) -> bytes:
    return dialect.write_conversation(conversation.id, conversation.created, conversation.metadata)


def _check_kept(why: str | None) -> None:
    """Fail where a conversation could not be kept: unlike a response, it is nothing else."""
    if why is not None:
        raise Failure(Kind.UNAVAILABLE, f"the conversation cannot be kept: {why} ([state])", code="not_kept")
