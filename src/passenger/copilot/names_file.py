"""Writes the names of the chat models where shell completion finds them, when they change."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from passenger.copilot.catalog_cache import Fetch, Fetched
from passenger.private_file import PrivateFile, StoreError

log = logging.getLogger(__name__)


class NamesFile:
    """The file of names; the user's aliases come first in it."""

    def __init__(self, file: PrivateFile, aliases: Iterable[str] = ()) -> None:
        self._file = file
        self._aliases = tuple(aliases)

    def keep_names_of(self, fetch: Fetch) -> Fetch:
        """Wrap a fetch so that the names of what it fetches are written."""

        async def fetch_and_keep(believed: float) -> Fetched:
            fetched = await fetch(believed)
            names = [*self._aliases, *(model.id for model in fetched.models if model.kind == "chat")]
            await asyncio.to_thread(self._write, names)
            return fetched

        return fetch_and_keep

    def _write(self, names: list[str]) -> None:
        content: dict[str, object] = {"names": list(dict.fromkeys(names))}
        try:
            with suppress(StoreError):  # a damaged file is written anew
                if self._file.read() == content:
                    return
            self._file.write(content)
        except StoreError as error:
            log.debug("the names of models are not kept for completion: %s", error)
