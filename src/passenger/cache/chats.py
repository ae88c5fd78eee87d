"""Chats that are kept, and equal ones at once that share a call."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from passenger.cache.fitness import has_ended_well
from passenger.cache.flight import Flight
from passenger.cache.kept import KeptValues
from passenger.cache.keys import call_digest
from passenger.cache.recording import Recording
from passenger.cache.replay import Replay
from passenger.chat.cache_control import CacheControl
from passenger.copilot.call import Call
from passenger.copilot.upstream import Reply, Upstream
from passenger.errors import Failure, ResponseHeaders
from passenger.exchange import CacheUse, Exchange

LARGEST = 1024 * 1024
"""Bytes of an answer that is kept; to judge one takes a moment for each byte."""

MOST_CALLS = 16
"""Calls under way that others may join: each holds its answer in memory."""

_PIECE = 16 * 1024
"""Bytes of a piece of a kept answer, which a slow client gets one by one."""


class KeptChat(Struct, frozen=True):
    """An answer, and by which id and date translations of it are known."""

    recording: Recording
    identity: tuple[str, int]


class _SharedChat(Struct):
    """A call under way, and what is known of its answer once that has begun."""

    key: bytes
    call: Call
    clearings: int
    """How often everything had been thrown away when it was asked for."""
    identity: tuple[str, int]
    flight: Flight[Recording] | None = None
    reply: Reply | None = None
    recording: Recording | None = None
    is_kept: bool = False

    @property
    def headers(self) -> ResponseHeaders:
        """The headers for whoever pays."""
        return self.reply.headers if self.reply is not None else ()

    @property
    def can_be_joined(self) -> bool:
        """Whether its answer is still here from the beginning."""
        return self.recording is None or self.recording.is_whole


class ChatCache:
    """Asks by way of what is kept. `clock` gives Unix seconds."""

    def __init__(self, kept: KeptValues[Any], clock: Callable[[], float]) -> None:
        self._kept = kept
        self._clock = clock
        self._calls: dict[bytes, _SharedChat] = {}

    async def send(
        self, upstream: Upstream, call: Call, exchange: Exchange, owner: str, control: CacheControl
    ) -> Reply:
        """A kept answer, that of a call under way, or a new one, which is kept if it ends well.

        Raises:
            Failure: see `Upstream.send`.
        """
        key = call_digest(call, owner)
        if control.reads:
            if (kept := self._kept.get(key, control.max_age)) is not None:
                exchange.cache, exchange.answer_identity = "hit", kept.identity
                return Replay(kept.recording, exchange)
            shared = self._calls.get(key)
            if shared is not None and shared.can_be_joined:
                return await self._board(shared, exchange, "joined")
        if len(self._calls) >= MOST_CALLS:
            return await upstream.send(call, exchange)
        shared = _SharedChat(key, call, self._kept.clearings, (exchange.id.replace("-", ""), int(self._clock())))
        shared.flight = Flight(lambda record: self._ask(upstream, shared, record), exchange)
        self._calls[key] = shared
        return await self._board(shared, exchange, "miss")

    async def _ask(self, upstream: Upstream, shared: _SharedChat, record: Exchange) -> Recording:
        """Send the call, and begin to record its answer."""
        try:
            shared.reply = reply = await upstream.send(shared.call, record)
        except BaseException:
            self._forget(shared)
            raise
        shared.recording = recording = Recording(reply.content_type, reply.host, reply.status)
        recording.source = reply
        recording.then = lambda: self._end(shared, recording)
        reply.pour(recording)
        return recording

    async def _board(self, shared: _SharedChat, exchange: Exchange, use: CacheUse) -> Reply:
        flight = shared.flight
        if flight is None:
            raise RuntimeError("a call has its flight before it is shared")
        exchange.cache, exchange.answer_identity = use, shared.identity
        flight.board(exchange)
        try:
            with exchange.waiting():
                recording = await flight.wait()
        except Failure:
            self._leave(shared, exchange, early=False)
            raise
        except BaseException:
            self._leave(shared, exchange, early=True)
            raise
        pays = flight.is_paid_by(exchange)
        if pays and shared.is_kept:
            exchange.cache = "stored"

        def left(has_read_all: bool, /) -> None:
            self._leave(shared, exchange, early=not has_read_all)

        return Replay(recording, exchange, shared.headers if pays else (), patience=shared.call.first_byte, left=left)

    def _leave(self, shared: _SharedChat, exchange: Exchange, *, early: bool) -> None:
        """Let a request go, and end a call that nobody waits for any more."""
        if shared.flight is not None and shared.flight.leave(exchange, early=early):
            self._forget(shared)
            if shared.reply is not None:
                shared.reply.close()

    def _end(self, shared: _SharedChat, recording: Recording) -> None:
        """Keep an answer that has ended, if it is fit for it."""
        recording.source = recording.then = None
        self._forget(shared)
        payer = shared.flight.payer if shared.flight is not None else None
        body = recording.body if recording.is_whole else b""
        if recording.failure is not None or not 0 < len(body) <= LARGEST or not has_ended_well(shared.call, body):
            return
        kept = KeptChat(_recording_of(recording, body), shared.identity)
        shared.is_kept = self._kept.put(shared.key, kept, len(body), clearings=shared.clearings)
        if shared.is_kept and payer is not None:
            payer.cache = "stored"

    def _forget(self, shared: _SharedChat) -> None:
        if self._calls.get(shared.key) is shared:
            del self._calls[shared.key]


def _recording_of(recording: Recording, body: bytes) -> Recording:
    """A recording of the same answer that is over."""
    kept = Recording(recording.content_type, recording.host, recording.status)
    for start in range(0, len(body), _PIECE):
        kept.piece(body[start : start + _PIECE])
    kept.ended(None)
    return kept
