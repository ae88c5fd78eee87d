"""How many of a model's tokens one of ours is: learned by seat and model, and kept in a file of each seat's own."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from passenger.private_file import PrivateFile, StoreError

log = logging.getLogger(__name__)

MEMORY = 20
"""Prompts after which the older half of what was seen counts half: a model's tokenizer changes with its version."""

LOWEST, HIGHEST = 0.5, 3.0
"""Ratios that are believed; no tokenizer in use is further from o200k_base for text."""


class _Row(msgspec.Struct):
    seat: str
    model: str
    ours: float
    theirs: float
    prompts: float

    def see(self, ours: int, theirs: int) -> None:
        if self.prompts >= MEMORY:
            self.ours, self.theirs, self.prompts = self.ours / 2, self.theirs / 2, self.prompts / 2
        self.ours += ours
        self.theirs += theirs
        self.prompts += 1

    @property
    def ratio(self) -> float:
        return min(max(self.theirs / self.ours, LOWEST), HIGHEST)


class _File(msgspec.Struct):
    rows: list[_Row] = []


@dataclass(frozen=True, slots=True)
class Sample:
    """One prompt that was counted twice: by us, and by Copilot."""

    seat: str
    model: str
    ours: int
    theirs: int


FileOf = Callable[[str], PrivateFile | None]
"""The file of a seat, None where it has none."""


class Ratios:
    """The ratios; 1 for a model of which nothing is known. A file that cannot be read or written costs only memory."""

    def __init__(self, file_of: FileOf | None) -> None:
        self._file_of = file_of or (lambda _: None)
        self._reading = asyncio.Lock()
        self._rows: dict[str, dict[str, _Row]] = {}

    async def of(self, seat: str, model: str) -> float:
        """Their tokens for one of ours."""
        row = (await self._load_rows(seat)).get(model)
        return row.ratio if row else 1.0

    async def learn(self, sample: Sample) -> None:
        """Take a prompt into account."""
        if sample.ours <= 0 or sample.theirs <= 0:
            return
        rows = await self._load_rows(sample.seat)
        new = _Row(sample.seat, sample.model, 0, 0, 0)
        rows.setdefault(sample.model, new).see(sample.ours, sample.theirs)
        if (file := self._file_of(sample.seat)) is not None:
            async with file.lock():
                await asyncio.to_thread(_save, file, [msgspec.structs.replace(row) for row in rows.values()])

    async def _load_rows(self, seat: str) -> dict[str, _Row]:
        async with self._reading:
            if seat not in self._rows:
                file = self._file_of(seat)
                read = await asyncio.to_thread(_read, file) if file else []
                self._rows[seat] = {row.model: row for row in read if row.seat == seat}
            return self._rows[seat]


def _read(file: PrivateFile) -> list[_Row]:
    try:
        rows = msgspec.convert(file.read() or {}, _File).rows
    except (StoreError, msgspec.ValidationError) as error:
        log.warning("what was learned of token counts is forgotten: %s", error)
        return []
    return [row for row in rows if row.ours > 0 and row.theirs > 0 and row.prompts > 0]


def _save(file: PrivateFile, ours: list[_Row]) -> None:
    """Write our rows, and what others have learned meanwhile of models that we have not."""
    rows = {(row.seat, row.model): row for row in (*_read(file), *ours)}
    try:
        file.write(msgspec.to_builtins(_File([*rows.values()])))
    except StoreError as error:
        log.warning("what was learned of token counts is not saved: %s", error)
