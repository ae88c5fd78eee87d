"""Records of finished requests in memory that workers share: a ring for each, which it alone writes and all may read.

A slot holds its number, the length and the checksum of a record, and the record as JSON; one that is read while it is
written does not match its checksum, and is passed over.
"""

import mmap
import struct
from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec

from passenger.control.records import RequestRecord

SLOTS = 200
"""Records that are kept of each worker, and told of all together."""

SLOT = 4096
SHORT = 90
"""Characters of each text of a record that would not fit otherwise: sixteen texts fit, were they quotes alone."""

_HEAD = struct.Struct("<QII")
_TOTALS = struct.Struct("<6Q")
_REGION = SLOT + SLOTS * SLOT
_ROOM = SLOT - _HEAD.size


class SharedLog:
    """It must be made before the workers are forked."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._memory = mmap.mmap(-1, workers * _REGION)

    def write(self, number: int, record: RequestRecord) -> None:
        """Put a worker's next record in the place of its oldest."""
        data = _fitting(record)
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
        """Tell what a worker has done."""
        _TOTALS.pack_into(self._memory, number * _REGION, *totals)

    def totals(self, number: int) -> tuple[int, ...]:
        """What a worker has done; one that replaces it goes on from there."""
        return _TOTALS.unpack_from(self._memory, number * _REGION)

    def all_totals(self) -> list[tuple[int, ...]]:
        """What each worker has done."""
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


def _fitting(record: RequestRecord) -> bytes:
    """A record as JSON that fits a slot; of one that does not, the longest lists go, and then the ends of its texts."""
    data = msgspec.json.encode(record)
    if len(data) > _ROOM:
        record = msgspec.structs.replace(record, dropped=(), lessons=(), retries=(), upstream_ids=(), user_agent="")
        data = msgspec.json.encode(record)
    return data if len(data) <= _ROOM else msgspec.json.encode(_shortened(record))


def _shortened(record: RequestRecord) -> RequestRecord:
    """With all its texts short, and none of a character that JSON has at length."""
    texts = {name: text for name, text in msgspec.structs.asdict(record).items() if isinstance(text, str)}
    short = {
        name: "".join(char if " " <= char <= "~" else "?" for char in text[:SHORT]) for name, text in texts.items()
    }
    return msgspec.structs.replace(record, **short)
