"""The list of models in a file of the state directory, so that processes that serve side by side fetch it once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from passenger.copilot.live import Fetched
from passenger.copilot.models import Model, models_in
from passenger.store import PrivateFile, StoreError

log = logging.getLogger(__name__)


class Owner(msgspec.Struct, frozen=True):
    """Whose list it is: the account's fingerprint, where it was asked, and as which editor's integration."""

    account: str
    url: str
    integration: str


class _File(msgspec.Struct):
    owner: Owner
    fetched_at: float
    models: list[dict[str, Any]]


class CatalogFile:
    """The file before a fetch: `ask` fetches, `owner` says for whom.

    `clock` gives Unix seconds, since several processes compare them.
    """

    def __init__(
        self,
        file: PrivateFile,
        ask: Callable[[], Awaitable[list[Model]]],
        owner: Callable[[], Awaitable[Owner]],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._file = file
        self._ask = ask
        self._owner = owner
        self._clock = clock

    async def fetch(self, believed: float) -> Fetched:
        """The list in the file, if it is our owner's and at most `believed` seconds old; else a new one.

        Raises:
            Failure: a new one is needed and cannot be had.
        """
        async with self._file.lock():
            owner = await self._owner()
            kept = await asyncio.to_thread(self._read, owner)
            if kept is not None and 0 <= kept.age <= believed:
                return kept
            models = await self._ask()
            await asyncio.to_thread(self._save, await self._owner(), models)
        return Fetched(models)

    def _read(self, owner: Owner) -> Fetched | None:
        """What the file holds for an owner. A damaged file is as good as none: the next fetch replaces it."""
        try:
            content = self._file.read()
            kept = None if content is None else msgspec.convert(content, _File)
        except (StoreError, msgspec.ValidationError) as error:
            log.warning("the kept list of models is not used: %s", error)
            return None
        if kept is None or kept.owner != owner:
            return None
        return Fetched(models_in(kept.models), self._clock() - kept.fetched_at)

    def _save(self, owner: Owner, models: list[Model]) -> None:
        content = _File(owner, self._clock(), [model.raw for model in models])
        try:
            self._file.write(msgspec.to_builtins(content))
        except StoreError as error:
            log.warning("the list of models is not kept for other processes: %s", error)
