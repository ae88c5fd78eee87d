"""Embeddings, kept text by text: of each request only the texts go up that are not kept, and that nobody asks for now.

The vectors keep the digits that Copilot sent. It tells the tokens of all texts of a call together: each text counts
with its share of them, by its length.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from passenger.cache.flight import Flight
from passenger.cache.kept import KeptValues
from passenger.cache.keys import call_digest
from passenger.chat.cache_control import CacheControl
from passenger.copilot.call import Call
from passenger.copilot.upstream import Upstream
from passenger.dialects.embeddings import bad_answer, read_vectors
from passenger.exchange import CacheUse, Exchange
from passenger.jsontext.offload import HEAVY, offload


class KeptVector(Struct, frozen=True):
    """The vector of one text, a JSON array, and the tokens of that text."""

    vector: bytes
    tokens: int


VectorsByKey = dict[bytes, KeptVector]
"""Vectors by the key of their text."""

BatchFlight = Flight[VectorsByKey]


class _Batch(Struct, frozen=True):
    """The texts of a call with their keys, and its body without them."""

    rest: Mapping[str, Raw]
    texts: Sequence[str]
    keys: Sequence[bytes]


class EmbeddingsCache:
    """Embeds texts by way of what is kept."""

    def __init__(self, kept: KeptValues[Any]) -> None:
        self._kept = kept
        self._flights: dict[bytes, BatchFlight] = {}

    async def embed(
        self, upstream: Upstream, call: Call, exchange: Exchange, owner: str, control: CacheControl
    ) -> bytes | None:
        """The answer to a call, as Copilot writes it; None for a body that cannot be taken apart.

        Raises:
            Failure: the texts that are not kept could not be embedded.
        """
        batch = await offload(len(call.body) > HEAVY, _read, call, owner)
        if batch is None:
            return None
        found = self._look_up(batch, control)
        flights = self._under_way(batch, found) if control.reads else {}
        missing = {
            key: text for key, text in zip(batch.keys, batch.texts, strict=True) if not {key} & {*found, *flights}
        }
        joined = list({id(flight): flight for flight in flights.values()}.values())
        own = [self._start(upstream, _call_for(call, batch, missing), exchange, tuple(missing))] if missing else []
        exchange.cache = _combined(exchange.cache, "stored" if own else "joined" if joined else "hit")
        paid = await self._collect([*own, *joined], exchange, found)
        tokens = [found[key].tokens for key in batch.keys]
        exchange.spared += sum(tokens) - paid
        vectors = [found[key].vector for key in batch.keys]
        return await offload(sum(map(len, vectors)) > HEAVY, _write, vectors, sum(tokens))

    def _look_up(self, batch: _Batch, control: CacheControl) -> VectorsByKey:
        if not control.reads:
            return {}
        kept = ((key, self._kept.get(key, control.max_age)) for key in dict.fromkeys(batch.keys))
        return {key: vector for key, vector in kept if vector is not None}

    def _under_way(self, batch: _Batch, found: VectorsByKey) -> dict[bytes, BatchFlight]:
        return {key: self._flights[key] for key in batch.keys if key not in found and key in self._flights}

    def _start(self, upstream: Upstream, call: Call, exchange: Exchange, keys: Sequence[bytes]) -> BatchFlight:
        """Send a call for texts, which whoever asks for one of them in the meantime waits for, too."""

        clearings = self._kept.clearings

        async def work(record: Exchange) -> VectorsByKey:
            try:
                with await upstream.send(call, record) as reply:
                    answer = await reply.read()
                found = await offload(len(answer) > HEAVY, _take_apart, call, keys, answer)
                for key, one in found.items():
                    self._kept.put(key, one, len(one.vector), clearings=clearings)
                return found
            finally:
                for key in keys:
                    if self._flights.get(key) is flight:
                        del self._flights[key]

        flight = Flight(work, exchange)
        self._flights.update(dict.fromkeys(keys, flight))
        return flight

    @staticmethod
    async def _collect(flights: Iterable[BatchFlight], exchange: Exchange, found: VectorsByKey) -> int:
        """Add the vectors of calls under way; gives the tokens of those that this request pays."""
        boarded, paid = list[BatchFlight](), 0
        try:
            for flight in flights:
                flight.board(exchange)
                boarded.append(flight)
            for flight in boarded:
                with exchange.waiting():
                    vectors = await flight.wait()
                found.update(vectors)
                paid += sum(one.tokens for one in vectors.values()) if flight.is_paid_by(exchange) else 0
        finally:
            for flight in boarded:
                flight.leave(exchange, early=False)
        return paid


def _combined(before: CacheUse, now: CacheUse) -> CacheUse:
    """What became of a request of several calls: the most expensive that one of them met."""
    order: Sequence[CacheUse] = ("", "hit", "joined", "stored", "miss")
    return max(before, now, key=order.index)


class _Body(Struct):
    input: list[str]


def _read(call: Call, owner: str) -> _Batch | None:
    """The texts of a body of our own; None where one of them is no Unicode."""
    try:
        rest = msgspec.json.decode(call.body, type=dict[str, Raw])
        texts = msgspec.json.decode(rest.pop("input"), type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    same = call_digest(call, owner, body=msgspec.json.encode(rest))
    keys = [call_digest(call, owner, body=same + text.encode("utf-8", "surrogatepass")) for text in texts]
    return _Batch(rest, texts, keys)


def _call_for(call: Call, batch: _Batch, missing: Mapping[bytes, str]) -> Call:
    """The call for some of the texts; the very same one for all of them."""
    if len(missing) == len(batch.texts):
        return call
    return replace(call, body=msgspec.json.encode({**batch.rest, "input": list(missing.values())}))


def _take_apart(call: Call, keys: Sequence[bytes], answer: bytes) -> VectorsByKey:
    """The vectors of an answer, each with its share of the tokens; the shares add up to them.

    Raises:
        Failure: it is not a vector for each text.
    """
    vectors, usage = read_vectors(answer)
    if len(vectors) != len(keys):
        raise bad_answer(f"it has {len(vectors)} for {len(keys)} texts")
    sizes = [len(text.encode("utf-8", "surrogatepass")) for text in msgspec.json.decode(call.body, type=_Body).input]
    whole, before, found = max(1, sum(sizes)), 0, VectorsByKey()
    for key, vector, size in zip(keys, vectors, sizes, strict=True):
        share = usage.input * (before + size) // whole - usage.input * before // whole
        found[key], before = KeptVector(bytes(vector), share), before + size
    return found


def _write(vectors: Sequence[bytes], tokens: int) -> bytes:
    data = [{"index": index, "embedding": Raw(vector)} for index, vector in enumerate(vectors)]
    return msgspec.json.encode({"data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})
