"""Keeps the names of the chat models where shell completion finds them, written only when they change."""

import asyncio
import logging
from collections.abc import Iterable

from passenger.copilot.live import Fetch, Fetched
from passenger.store import PrivateFile, StoreError

log = logging.getLogger(__name__)


class NamesFile:
    """The file, and the user's own names, which come first in it."""

    def __init__(self, file: PrivateFile, aliases: Iterable[str] = ()) -> None:
        self._file = file
        self._aliases = tuple(aliases)

    def kept(self, fetch: Fetch) -> Fetch:
        """The same fetch, whose names are kept."""

        async def fetch_and_keep(believed: float) -> Fetched:
            fetched = await fetch(believed)
            names = [*self._aliases, *(model.id for model in fetched.models if model.kind == "chat")]
            await asyncio.to_thread(self._keep, names)
            return fetched

        return fetch_and_keep

    def _keep(self, names: list[str]) -> None:
        content: dict[str, object] = {"names": list(dict.fromkeys(names))}
        try:
            if self._held() != content:
                self._file.write(content)
        except StoreError as error:
            log.debug("the names of models are not kept for completion: %s", error)

    def _held(self) -> dict[str, object] | None:
        """What the file holds; a damaged one is written anew."""
        try:
            return self._file.read()
        except StoreError:
            return None
