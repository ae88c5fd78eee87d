"""Wraps an upstream: what is kept is not asked for again, and equal requests at once share one call.

It stands below what a model's lessons leave out of a body, so that a key is of the very bytes that go up.
"""

import time
from collections.abc import Callable

from msgspec import Struct

from passenger.cache.chats import ChatCache, KeptChat
from passenger.cache.clearing import ClearOrders
from passenger.cache.embeddings import EmbeddingsCache, KeptVector
from passenger.cache.fitness import may_keep_answer
from passenger.cache.kept import KeptValues
from passenger.cache.keys import cache_owner
from passenger.cache.recording import Recording
from passenger.cache.replay import Replay
from passenger.chat.cache_control import CacheControl, CacheScope
from passenger.copilot.call import Call, Operation
from passenger.copilot.upstream import Reply, Upstream
from passenger.exchange import Exchange


class CachePolicy(Struct, frozen=True):
    """What is kept, and for whom."""

    embeddings: bool = True
    chat: bool = False
    """Whether chats are kept, too, of clients that say nothing."""
    scope: CacheScope = "user"


class Cache:
    """All that is kept. A process has one, for all of its seats."""

    def __init__(
        self,
        policy: CachePolicy,
        size: int,
        lifetime: float,
        *,
        orders: ClearOrders | None = None,
        clock: Callable[[], float] = time.time,
        ages: Callable[[], float] = time.monotonic,
    ) -> None:
        """`size` is bytes, `lifetime` seconds, `clock` Unix seconds, `ages` those of a clock that is never set."""
        self.policy = policy
        self._orders = orders
        self.kept = KeptValues[KeptVector | KeptChat](size, lifetime, ages)
        self.embeddings = EmbeddingsCache(self.kept)
        self.chats = ChatCache(self.kept, clock)

    def obey(self) -> None:
        """Throw away what is kept, if somebody has ordered that."""
        if self._orders is not None and self._orders.is_new():
            self.kept.clear()


class CachingUpstream:
    """See the module."""

    def __init__(self, upstream: Upstream, cache: Cache) -> None:
        self._upstream = upstream
        self._cache = cache

    async def send(self, call: Call, exchange: Exchange) -> Reply:
        """See `Upstream.send`."""
        control = exchange.cache_control
        if control is None or not control.keeps:
            return await self._upstream.send(call, exchange)
        policy = self._cache.policy
        if call.operation is Operation.EMBED and policy.embeddings:
            return await self._embed(call, exchange, control)
        wants = call.operation is Operation.CHAT and (policy.chat or control.asks_for_chats)
        if not wants or not may_keep_answer(call, exchange):
            return await self._upstream.send(call, exchange)
        self._cache.obey()
        owner = cache_owner(exchange.principal, call.seat, policy.scope)
        return await self._cache.chats.send(self._upstream, call, exchange, owner, control)

    async def _embed(self, call: Call, exchange: Exchange, control: CacheControl) -> Reply:
        cache = self._cache
        cache.obey()
        owner = cache_owner(exchange.principal, call.seat, cache.policy.scope)
        answer = await cache.embeddings.embed(self._upstream, call, exchange, owner, control)
        return await self._upstream.send(call, exchange) if answer is None else _reply(answer, exchange)


def _reply(body: bytes, exchange: Exchange) -> Reply:
    """A whole answer as a reply."""
    recording = Recording("application/json", exchange.upstream or "the cache")
    recording.piece(body)
    recording.ended(None)
    return Replay(recording, exchange)
