"""Turns of stored conversations: a request that refers to what is kept becomes an ordinary one, its answer is kept.

Whatever is lost is *not found*: no history is ever shortened in silence.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from passenger.account.principal import ANYONE, Principal
from passenger.dialects import Request
from passenger.dialects.openai.responses import stored_turn
from passenger.dialects.openai.responses.compaction import since_compaction
from passenger.dialects.openai.responses.stored_items import referred_id, split_input, with_ids
from passenger.dialects.openai.responses.stored_turn import References
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.gateway import Gateway
from passenger.gateway.response import Flow, GatewayResponse, Sink, Source
from passenger.jsontext import body_checks
from passenger.jsontext.offload import HEAVY, offload
from passenger.jsontext.raw_object import RawObject
from passenger.jsontext.reading import decode
from passenger.limits import Limits
from passenger.server.inflight import SMALL, VALUE
from passenger.state.store import ConversationStore, LostError, PlaceStore, ResponseStore
from passenger.state.stored import Items, Status, StoredResponse

log = logging.getLogger(__name__)


def owner(gateway: Gateway, principal: Principal) -> str:
    """Whose a stored thing is: the one who asks, on the seat that pays."""
    return f"{gateway.payer(principal)}/{principal.owner}"


def owner_of(gateway: Gateway, exchange: Exchange) -> str:
    """The owner of what a request has stored."""
    return owner(gateway, exchange.principal or ANYONE)


class ResponseTurn(Struct, frozen=True):
    """A request whose references are resolved."""

    request: Request
    """With its whole input, and nothing that refers to stored state."""
    references: References
    owner: str
    own: Items | None = None
    """The items of this turn, each with an id; None where they are the whole input."""
    earlier: Items = ()
    """Those of its conversation, which a response that follows this one has nowhere else to look up."""
    growth: int = 0
    """Bytes by which it is larger than what was sent, with the values in its JSON weighed in."""

    def read_own(self) -> Items:
        """The items of this turn, each with an id; those that have none get another one each time."""
        if self.own is not None:
            return self.own
        return tuple(with_ids(split_input(RawObject(self.request.body, self.request.fields))))


async def follow_references(store: ResponseStore, owner: str, items: Sequence[bytes]) -> Sequence[bytes]:
    """The items, with those that are stored in the place of what refers to them.

    Raises:
        Failure: one of those is not to be found.
    """
    wanted = [referred_id(item) for item in items]
    names = [name for name in wanted if name is not None]
    if not names:
        return items
    found = await store.find_items(owner, names)
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise stored_turn.item_not_found(missing)
    return [item if name is None else found[name] for item, name in zip(items, wanted, strict=True)]


class TurnStore(ResponseStore, ConversationStore, PlaceStore, Protocol):
    """Where turns look up what they refer to, and keep what they become."""


class Turns:
    """Resolves requests against a store, and keeps their answers in it."""

    def __init__(self, store: TurnStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._keeping: set[asyncio.Future[str | None]] = set()

    async def resolve(self, request: Request, owner: str, exchange: Exchange) -> ResponseTurn | None:
        """The turn that a request is; None for one that refers to nothing and is not to be kept.

        Raises:
            Failure: it is no JSON object, something that it refers to is not to be found, or the whole input is
                beyond a limit.
        """
        if request.fields is None:  # it is no object, or has half a character
            await offload(request.heavy, decode, request.body)
        body = RawObject(request.body, request.fields)
        references = stored_turn.read_references(body)
        if references.is_plain:
            return None
        goes_on = references.previous is not None or references.conversation is not None
        items = [] if goes_on and "input" not in body else split_input(body)
        own = await follow_references(self._store, owner, items)
        history = await self._history(owner, references)
        exchange.echo = {**stored_turn.echo(body, references, is_kept=references.store), **exchange.echo}
        if own is items and not history and "input" in body:  # a list of its items would be as large again
            return ResponseTurn(stored_turn.write_turn(request, body, references, None), references, owner)
        given = [*since_compaction(history), *own]
        self._check_size(sum(map(len, given)))
        whole = stored_turn.write_turn(request, body, references, given)
        whole, growth = await self._weigh(whole, len(request.body))
        kept = tuple(with_ids(own, history)) if references.store or references.conversation else ()
        earlier = history if references.conversation is not None else ()
        return ResponseTurn(whole, references, owner, kept, earlier, growth)

    async def _weigh(self, whole: Request, sent: int) -> tuple[Request, int]:
        """The request within the limits of any other, and the bytes by which it has grown, values weighed in."""
        size = len(whole.body)
        self._check_size(size)
        if size <= max(sent, SMALL):
            return whole, 0
        values = await offload(size > HEAVY, body_checks.measure, whole.body, self._limits)
        growth = size - sent + VALUE * values
        return replace(whole, heavy=whole.heavy or size + VALUE * values > HEAVY), growth

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_body:
            message = f"the conversation is larger than {self._limits.max_body} bytes ([limits] max_body)"
            raise Failure(Kind.TOO_LARGE, message, code="request_too_large")

    async def _history(self, owner: str, references: References) -> Items:
        """The items before this turn."""
        try:
            if references.previous is not None:
                return await self._store.chain(owner, references.previous)
            if references.conversation is not None:
                return await self._store.conversation_items(owner, references.conversation)
        except LostError:
            if references.previous is not None:
                raise stored_turn.previous_not_found(references.previous) from None
            raise stored_turn.conversation_not_found(references.conversation or "") from None
        return ()

    async def lock(self, turn: ResponseTurn) -> ExitStack:
        """A block in which no other turn of its conversation is made, by whichever worker.

        Raises:
            Failure: one is being made, or the store does not answer.
        """
        held, name = ExitStack(), turn.references.conversation
        if name is None:
            return held
        give_back = await self._store.take_place(f"conversation {turn.owner} {name}", 1)
        if give_back is None:
            message = f"another response is being made in the conversation '{name}'"
            raise Failure(Kind.INVALID, message, status=409, code="conversation_locked", param="conversation")
        held.callback(give_back)
        return held

    # --- answers -----------------------------------------------------------------------------------------------------

    async def keep(self, turn: ResponseTurn, response: bytes) -> str | None:
        """Keep the response object of an answer; None, or why it could not be kept."""
        try:
            final = stored_turn.read_final(response)
            status = Status(final.status)
        except (msgspec.MsgspecError, ValueError):
            return "unreadable"
        references, why, own = turn.references, None, turn.read_own()
        if references.store:
            why = await self._store.put(
                StoredResponse(
                    id=final.id,
                    owner=turn.owner,
                    created=final.created,
                    status=status,
                    answer=final.answer,
                    input=(*turn.earlier, *own),
                    output=final.output,
                    parent=references.previous,
                    conversation=references.conversation,
                )
            )
        if references.conversation is not None and status.is_chainable:
            why = await self._append(turn, references.conversation, own, final.output) or why
        if why is not None:
            log.warning("a response is not kept: %s", why)
        return why

    async def _append(self, turn: ResponseTurn, conversation: str, own: Items, output: Items) -> str | None:
        """Add a turn to its conversation, whatever else was added or removed in the meantime."""
        try:
            return await self._store.add_items(turn.owner, conversation, (*own, *output))
        except LostError:
            return "its conversation was deleted"
        except Failure as failure:
            return failure.message

    async def keeping(self, turn: ResponseTurn, response: GatewayResponse) -> GatewayResponse:
        """The same answer, which is kept before its end goes down."""
        content = response.content
        if isinstance(content, bytes):
            why = await self.keep(turn, content)
            if why is None:
                return response
            told = (*response.headers, ("x-passenger-stored", f"no; {why}"))
            return replace(response, headers=told, content=stored_turn.tell_unkept(content))
        return replace(response, content=self._keeping_flow(turn, content))

    def _keeping_flow(self, turn: ResponseTurn, flow: Flow) -> Flow:
        async def keep_and_flow(sink: Sink) -> None:
            keeping = _KeepingSink(self, turn, sink)
            await flow(keeping)
            await keeping.finish()

        return keep_and_flow

    def begin_keeping(self, turn: ResponseTurn, response: bytes) -> "asyncio.Future[str | None]":
        """Keep a response; it is kept also if nobody waits for that."""
        work = asyncio.ensure_future(self.keep(turn, response))
        self._keeping.add(work)
        work.add_done_callback(self._keeping.discard)
        return work


class _KeepingSink:
    """Passes a stream on, and holds its end back until it is kept."""

    def __init__(self, turns: Turns, turn: ResponseTurn, sink: Sink) -> None:
        self._turns = turns
        self._turn = turn
        self._sink = sink
        self._held: list[bytes] = []
        self._work: asyncio.Future[str | None] | None = None

    def piece(self, data: bytes) -> None:
        """Take the next piece."""
        if self._held:
            self._held.append(data)
        elif self._work is None and (response := stored_turn.find_final(data)) is not None:
            self._held.append(data)
            self._work = self._turns.begin_keeping(self._turn, response)
            self._work.add_done_callback(self._release)
        else:
            self._sink.piece(data)

    def follow(self, source: Source | None) -> None:
        """Pause this source whenever the client is slow."""
        self._sink.follow(source)

    async def drain(self) -> None:
        """Wait until there is room for another piece."""
        await self._sink.drain()

    async def finish(self) -> None:
        """Wait until everything has gone down."""
        if self._work is not None:
            await asyncio.wait([self._work])
            self._release(self._work)

    def _release(self, work: "asyncio.Future[str | None]") -> None:
        held, self._held = self._held, []
        if held and (work.cancelled() or work.exception() is not None or work.result() is not None):
            held[0] = stored_turn.tell_unkept_at_the_end(held[0])
        for data in held:
            self._sink.piece(data)
