"""The list of models in a file, so that workers fetch it once for all."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

import msgspec

from passenger.copilot.catalog import Model, models_in
from passenger.copilot.catalog_cache import Fetched
from passenger.private_file import PrivateFile, StoreError

log = logging.getLogger(__name__)


class Owner(msgspec.Struct, frozen=True):
    """Whose list it is: the account's fingerprint, the URL, and the `Copilot-Integration-Id` it was fetched with."""

    account: str
    url: str
    integration: str


class _File(msgspec.Struct):
    owner: Owner
    fetched_at: float
    models: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """A fetch with the file in front. `ask` fetches the list, `owner` says whose it is.

    `clock` gives Unix seconds, since several processes compare them.
    """

    _file: PrivateFile
    _ask: Callable[[], Awaitable[list[Model]]]
    _owner: Callable[[], Awaitable[Owner]]
    _: KW_ONLY
    clock: Callable[[], float]

    async def fetch(self, believed: float) -> Fetched:
        """The list in the file, if it is the owner's and at most `believed` seconds old; else a new one.

        Raises:
            Failure: a new list is needed and cannot be fetched.
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
        """The list of an owner in the file; None if there is none, or the file is damaged."""
        try:
            content = self._file.read()
            kept = None if content is None else msgspec.convert(content, _File)
        except (StoreError, msgspec.ValidationError) as error:
            log.warning("the kept list of models is not used: %s", error)
            return None
        if kept is None or kept.owner != owner:
            return None
        return Fetched(models_in(kept.models), self.clock() - kept.fetched_at)

    def _save(self, owner: Owner, models: list[Model]) -> None:
        content = _File(owner, self.clock(), [model.raw for model in models])
        try:
            self._file.write(msgspec.to_builtins(content))
        except StoreError as error:
            log.warning("the list of models is not kept for other processes: %s", error)
