"""The catalogue as it is now: fetched when somebody needs it, believed for a while, kept when GitHub is down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from passenger.copilot.models import Catalog, Model
from passenger.errors import Failure, Kind
from passenger.limits import Limits

log = logging.getLogger(__name__)

REFETCH_INTERVAL = 60.0
"""Seconds between two fetches because of a name that is not in the catalogue, or after one that failed."""

RETRY_INTERVAL = 5.0
"""Seconds after which a first list is asked for again where GitHub or Copilot could not even be reached."""


_FAILED = "Passenger failed to fetch the list of models; its log says more"


class Fetched(NamedTuple):
    """A list of models, and how many seconds ago Copilot gave it to us or to another process of ours."""

    models: list[Model]
    age: float = 0.0


Fetch = Callable[[float], Awaitable[Fetched]]
"""Gives a list that is at most that many seconds old; a Failure where none can be had."""


class LiveCatalog:
    """One seat's catalogue. Nobody waits for it but the first, and those who ask for what it does not have."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        clock: Callable[[], float],
        lifetime: float,
        aliases: Mapping[str, str],
        max_name: int = Limits().max_name,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lifetime = lifetime
        self._aliases = aliases
        self._max_name = max_name
        self._catalog: Catalog | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None
        self.trouble: Failure | None = None
        """Why the last fetch failed; never raised itself: an exception collects the frames of all who raise it."""

    def known(self, name: str) -> Model | None:
        """The model meant by a name, where there is a list to believe and nothing to wait for."""
        if self._catalog is None or len(name) > self._max_name or self._is_old():
            return None
        return self._catalog.find(name)

    async def resolve(self, name: str) -> Model | None:
        """The model meant by a name; None where no catalogue can be had, so that the name goes up as it is.

        Raises:
            Failure: there is a catalogue, a recent one, and it has no such model; or no name is that long.
        """
        if len(name) > self._max_name:
            message = f"model: a name is longer than {self._max_name} characters ([limits] max_name)"
            raise Failure(Kind.INVALID, message, code="too_long", param="model")
        catalog = await self._current()
        if catalog is None:
            return None
        if (model := catalog.find(name)) is not None:
            return model
        if self._may_fetch():
            await self._refreshed()
            catalog = self._catalog or catalog
        model = catalog.find(name)
        if model is None:
            raise catalog.unknown(name)
        return model

    async def list(self) -> Catalog:
        """The catalogue.

        Raises:
            Failure: there is none, for the reason that the last fetch gave.
        """
        catalog = await self._current()
        if catalog is not None:
            return catalog
        assert self.trouble is not None  # noqa: S101 - a fetch that gave nothing has said why
        raise self.trouble.but()

    async def _current(self) -> Catalog | None:
        if self._catalog is None:
            if self._may_fetch() or self._fetching is not None:
                await self._refreshed()
        elif self._is_old() and self._may_fetch():
            self._refreshing()
        return self._catalog

    def _is_old(self) -> bool:
        return self._clock() - self._fetched_at > self._lifetime

    def _may_fetch(self) -> bool:
        return self._clock() - self._tried_at >= (RETRY_INTERVAL if self._never_reached() else REFETCH_INTERVAL)

    def _never_reached(self) -> bool:
        """Whether there is no list for want of a network: nobody was asked, and a network is soon back."""
        return self._catalog is None and self.trouble is not None and self.trouble.code == "upstream_unreachable"

    async def _refreshed(self) -> None:
        await asyncio.shield(self._refreshing())

    def _refreshing(self) -> asyncio.Task[None]:
        """The fetch under way, begun where there is none. It outlives the request that began it."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._refresh(), name="fetch-models")
        return self._fetching

    async def _refresh(self) -> None:
        try:
            fetched = await self._fetch(self._believed())
        except Failure as failure:
            self._note(failure)
        except Exception:
            self.trouble = Failure(Kind.INTERNAL, _FAILED, code="internal_error")
            log.exception("the list of models cannot be fetched")
        else:
            self._catalog = Catalog(fetched.models, self._aliases)
            self.trouble = None
            self._fetched_at = self._clock() - fetched.age
        finally:
            if not self._lacks_login():
                self._tried_at = self._clock()
            self._fetching = None

    def _note(self, failure: Failure) -> None:
        """Remember why there is no new list, and say so unless it was the last word, too."""
        if self.trouble is None or self.trouble.message != failure.message:
            log.warning("no new list of models: %s", failure)
        self.trouble = failure.but()

    def _lacks_login(self) -> bool:
        """Whether Copilot was not even asked, so that the list can be had at once when somebody has logged in."""
        return self.trouble is not None and self.trouble.code == "login_needed"

    def _believed(self) -> float:
        """How old a list may be that another process has fetched: it has what ours lacks only if it is a new one."""
        return self._lifetime if self._is_old() else min(self._lifetime, REFETCH_INTERVAL)
