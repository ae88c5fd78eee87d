"""The last finished requests and the totals since the start, of all workers together.

Each worker writes its records into a ring of shared memory that all may read. A slot holds its number, the length and
the checksum of a record, and the record as JSON. One that is read while it is written does not match its checksum and
is passed over.
"""

import asyncio
import contextlib
import mmap
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from zlib import crc32

import msgspec
from msgspec.structs import fields

from passenger.exchange import Exchange
from passenger.observe.access_log import product
from passenger.observe.records import RequestRecord, Totals, record_of

SLOTS = 200
"""Records kept per worker, and shown of all workers together."""

SLOT = 4096
SHORT = 90
"""Characters per text of a record that would not fit: sixteen such texts fit even if they are all quotes."""

_HEAD = struct.Struct("<QII")
_TOTALS = struct.Struct(f"<{len(fields(Totals))}Q")
_REGION = SLOT + SLOTS * SLOT
_ROOM = SLOT - _HEAD.size


class SharedLog:
    """Memory that workers share; it must be made before they are forked."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._memory = mmap.mmap(-1, workers * _REGION)

    def write(self, number: int, record: RequestRecord) -> None:
        """Overwrite a worker's oldest record with a new one."""
        data = _encode_fitting(record)
        count = self._count(number) + 1
        place = self._place(number, (count - 1) % SLOTS)
        self._memory[place : place + _HEAD.size] = _HEAD.pack(0, 0, 0)
        self._memory[place + _HEAD.size : place + _HEAD.size + len(data)] = data
        self._memory[place : place + _HEAD.size] = _HEAD.pack(count, len(data), crc32(data))
        struct.pack_into("<Q", self._memory, number * _REGION + _TOTALS.size, count)

    def records(self) -> Iterator[RequestRecord]:
        """All records that can be read, in no order."""
        for number in range(self.workers):
            for slot in range(min(SLOTS, self._count(number))):
                if (record := self._read(self._place(number, slot))) is not None:
                    yield record

    def write_totals(self, number: int, totals: Sequence[int]) -> None:
        """Store a worker's totals."""
        _TOTALS.pack_into(self._memory, number * _REGION, *totals)

    def totals(self, number: int) -> tuple[int, ...]:
        """A worker's totals; its replacement continues them."""
        return _TOTALS.unpack_from(self._memory, number * _REGION)

    def all_totals(self) -> list[tuple[int, ...]]:
        """The totals of each worker."""
        return [self.totals(number) for number in range(self.workers)]

    def _count(self, number: int) -> int:
        count: int = struct.unpack_from("<Q", self._memory, number * _REGION + _TOTALS.size)[0]
        return count

    def _place(self, number: int, slot: int) -> int:
        return number * _REGION + SLOT + slot * SLOT

    def _read(self, place: int) -> RequestRecord | None:
        count, length, checksum = _HEAD.unpack_from(self._memory, place)
        data = self._memory[place + _HEAD.size : place + _HEAD.size + min(length, _ROOM)]
        if not count or crc32(data) != checksum:
            return None
        return msgspec.json.decode(data, type=RequestRecord)


def _encode_fitting(record: RequestRecord) -> bytes:
    """A record as JSON that fits a slot; if needed without its lists, and then with shortened texts."""
    data = msgspec.json.encode(record)
    if len(data) > _ROOM:
        record = msgspec.structs.replace(record, dropped=(), lessons=(), retries=(), upstream_ids=(), user_agent="")
        data = msgspec.json.encode(record)
    return data if len(data) <= _ROOM else msgspec.json.encode(_shorten(record))


def _shorten(record: RequestRecord) -> RequestRecord:
    """The record with short texts, of characters that JSON does not escape."""
    texts = {name: text for name, text in msgspec.structs.asdict(record).items() if isinstance(text, str)}
    short = {
        name: "".join(char if " " <= char <= "~" else "?" for char in text[:SHORT]) for name, text in texts.items()
    }
    return msgspec.structs.replace(record, **short)


FLUSH_AFTER = 0.25
"""Seconds after which the other workers can see a request: records are shared in batches."""


class RequestLog:
    """An observer of exchanges; with a `shared` log, worker `number` shares its records with the others.

    Exchanges are kept as they are; their records are made on demand.
    """

    def __init__(self, clock: Callable[[], float], shared: SharedLog | None = None, number: int = 0) -> None:
        self._clock = clock
        self._shared = shared
        self._number = number
        self._kept: deque[tuple[Exchange, float]] = deque(maxlen=SLOTS)
        self._totals = Totals(*shared.totals(number)) if shared else Totals()
        self._unshared = 0

    def note(self, exchange: Exchange) -> None:
        """Keep a finished exchange, unless it was refused by the guard or is only a page."""
        if exchange.principal is None or exchange.is_page:
            return
        self._kept.append((exchange, self._clock()))
        self._totals.add(exchange)
        if self._shared is not None:
            self._share_soon()

    def records(self, since: float | None = None) -> Sequence[RequestRecord]:
        """The last records, oldest first; only those after the Unix time `since`, if given."""
        if self._shared is None:
            found = [
                record_of(one, ended, product(one.user_agent)) for one, ended in self._kept if _after(ended, since)
            ]
        else:
            self._share()
            found = [one for one in self._shared.records() if _after(one.ended, since)]
        return sorted(found, key=lambda record: record.ended)[-SLOTS:]

    def totals(self) -> Totals:
        """The totals since the start."""
        if self._shared is None:
            return msgspec.structs.replace(self._totals)
        self._share()
        return Totals(*map(sum, zip(*self._shared.all_totals(), strict=True)))

    def _share_soon(self) -> None:
        self._unshared += 1
        if self._unshared == 1:
            with contextlib.suppress(RuntimeError):  # outside of an event loop it is shared when somebody asks
                asyncio.get_running_loop().call_later(FLUSH_AFTER, self._share)

    def _share(self) -> None:
        if self._shared is None or not self._unshared:
            return
        fresh = min(self._unshared, len(self._kept))
        self._unshared = 0
        for exchange, ended in islice(self._kept, len(self._kept) - fresh, None):
            self._shared.write(self._number, record_of(exchange, ended, product(exchange.user_agent)))
        self._shared.write_totals(self._number, msgspec.structs.astuple(self._totals))


def _after(ended: float, since: float | None) -> bool:
    return since is None or ended > since
