"""What models were found not to take, remembered for an hour in one file that restarts and processes share."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from passenger.store import PrivateFile, Stamp, StoreError

log = logging.getLogger(__name__)

LIFETIME = 3600.0
"""Seconds that a row is believed."""

ROWS = 1000
"""Rows that are kept, the newest ones: a client that makes fields up must not grow the file for ever."""

LOOK = 1.0
"""Seconds between two looks at the file, which another process may have changed."""

VERSION = 2
"""Of the rows: what was written before they named values is not believed, for it took whole fields away."""

Key = tuple[str, str, str]
"""Seat, model and path."""

Rows = dict[Key, dict[str, float]]
"""When each lesson is over."""


class _Row(msgspec.Struct, frozen=True):
    seat: str
    model: str
    path: str
    field: str
    expires: float


class _File(msgspec.Struct):
    """An older program reads the rows, and finds no fields of such names."""

    rows: list[_Row] = []
    version: int = 1


class Learned:
    """The rows, by seat, model and path. `clock` gives Unix seconds, since several processes compare them."""

    def __init__(self, file: PrivateFile | None, clock: Callable[[], float]) -> None:
        self._file = file
        self._clock = clock
        self._rows: Rows = {}
        self._stamp: Stamp | None = None
        self._looked = float("-inf")

    def lessons(self, seat: str, model: str, path: str) -> tuple[str, ...]:
        """What that model does not take there, each as `copilot.lessons` writes it."""
        self._look()
        rows = self._rows.get((seat, model, path))
        return tuple(field for field, expires in rows.items() if expires > self._clock()) if rows else ()

    async def learn(self, seat: str, model: str, path: str, fields: tuple[str, ...]) -> None:
        """Remember it. A file that cannot be written costs the next process a refusal, nothing more."""
        expires = self._clock() + LIFETIME
        self._rows.setdefault((seat, model, path), {}).update(dict.fromkeys(fields, expires))
        self._rows = _newest(self._rows, self._clock())
        if self._file is not None:
            async with self._file.lock():
                await asyncio.to_thread(_save, self._file, _copied(self._rows), self._clock())

    def _look(self) -> None:
        if self._file is None or self._clock() - self._looked < LOOK:
            return
        self._looked = self._clock()
        stamp = self._file.stamp()
        if stamp is not None and stamp != self._stamp:
            self._stamp = stamp
            self._rows = _merged(self._rows, _read(self._file, self._clock()))


def _read(file: PrivateFile, now: float) -> Rows:
    rows: Rows = {}
    try:
        content: dict[str, Any] = file.read() or {}
        document = msgspec.convert(content, _File)
        for row in document.rows if document.version == VERSION else ():
            if now < row.expires <= now + LIFETIME:
                rows.setdefault((row.seat, row.model, row.path), {})[row.field] = row.expires
    except (StoreError, msgspec.ValidationError) as error:
        log.warning("what was learned of models is forgotten: %s", error)
    return rows


def _save(file: PrivateFile, ours: Rows, now: float) -> None:
    """Write our rows and those that others have written since; in a thread, so that the rows must be its own."""
    rows = _newest(_merged(_read(file, now), ours), now)
    flat = [_Row(*key, field, expires) for key, fields in rows.items() for field, expires in fields.items()]
    try:
        file.write(msgspec.to_builtins(_File(flat, VERSION)))
    except StoreError as error:
        log.warning("what was learned of models is not saved: %s", error)


def _copied(rows: Rows) -> Rows:
    return {key: dict(fields) for key, fields in rows.items()}


def _newest(rows: Rows, now: float) -> Rows:
    """The rows that are not over yet, the newest `ROWS` of them."""
    alive = [
        (expires, key, field) for key, fields in rows.items() for field, expires in fields.items() if expires > now
    ]
    found: Rows = {}
    for expires, key, field in sorted(alive, key=lambda row: row[0])[-ROWS:]:
        found.setdefault(key, {})[field] = expires
    return found


def _merged(one: Rows, two: Rows) -> Rows:
    return {key: {**one.get(key, {}), **two.get(key, {})} for key in [*one, *(key for key in two if key not in one)]}
