"""The catalogue of a seat: fetched on use, kept for its lifetime, and longer while it cannot be fetched anew."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from passenger.copilot.call import Call, Operation
from passenger.copilot.catalog import Catalog, Model, read_models
from passenger.copilot.upstream import Upstream
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.limits import Limits

log = logging.getLogger(__name__)

REFETCH_INTERVAL = 60.0
"""Seconds between two fetches for unknown names, and after a failed fetch."""

RETRY_INTERVAL = 5.0
"""Seconds after which the first list is fetched again if GitHub or Copilot could not be reached."""

_FAILED = "Passenger failed to fetch the list of models; its log says more"


class Fetched(NamedTuple):
    """A list of models, and its age in seconds; another process may have fetched it."""

    models: list[Model]
    age: float = 0.0


Fetch = Callable[[float], Awaitable[Fetched]]
"""Fetches a list that is at most that many seconds old; raises a Failure if it cannot."""


class CatalogCache:
    """The catalogue of one seat. Only the first request waits for it, and those for models that it lacks."""

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
        """Why the last fetch failed. Copies of it are raised: an exception keeps the frames of all who raise it."""

    def known(self, name: str) -> Model | None:
        """The model with that name, if a current list is at hand."""
        if self._catalog is None or len(name) > self._max_name or self._is_old():
            return None
        return self._catalog.find(name)

    async def resolve(self, name: str) -> Model | None:
        """The model with that name; None without a catalogue, so that the name goes up as it is.

        Raises:
            Failure: a recent catalogue has no such model, or the name is too long.
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
            await self._await_refresh()
            catalog = self._catalog or catalog
        model = catalog.find(name)
        if model is None:
            raise catalog.unknown(name)
        return model

    async def list(self) -> Catalog:
        """The catalogue.

        Raises:
            Failure: there is none; it says why the last fetch failed.
        """
        catalog = await self._current()
        if catalog is not None:
            return catalog
        assert self.trouble is not None  # noqa: S101 - a fetch that gave nothing has said why
        raise self.trouble.but()

    async def _current(self) -> Catalog | None:
        if self._catalog is None:
            if self._may_fetch() or self._fetching is not None:
                await self._await_refresh()
        elif self._is_old() and self._may_fetch():
            self._start_refresh()
        return self._catalog

    def _is_old(self) -> bool:
        return self._clock() - self._fetched_at > self._lifetime

    def _may_fetch(self) -> bool:
        return self._clock() - self._tried_at >= (RETRY_INTERVAL if self._never_reached() else REFETCH_INTERVAL)

    def _never_reached(self) -> bool:
        """Whether there is no list yet because nothing could be reached; such a failure soon passes."""
        return self._catalog is None and self.trouble is not None and self.trouble.code == "upstream_unreachable"

    async def _await_refresh(self) -> None:
        await asyncio.shield(self._start_refresh())

    def _start_refresh(self) -> asyncio.Task[None]:
        """The fetch under way, started if there is none. It outlives the request that started it."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._refresh(), name="fetch-models")
        return self._fetching

    async def _refresh(self) -> None:
        try:
            fetched = await self._fetch(self._max_age())
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
        """Remember why a fetch failed, and log it unless the one before failed alike."""
        if self.trouble is None or self.trouble.message != failure.message:
            log.warning("no new list of models: %s", failure)
        self.trouble = failure.but()

    def _lacks_login(self) -> bool:
        """Whether the fetch failed for want of a login, after which it is repeated at once."""
        return self.trouble is not None and self.trouble.code == "login_needed"

    def _max_age(self) -> float:
        """Maximum age in seconds of a list fetched by another worker.

        If a name is missing from ours, only a list younger than the refetch interval can have it.
        """
        return self._lifetime if self._is_old() else min(self._lifetime, REFETCH_INTERVAL)


async def fetch_models(
    upstream: Upstream, *, url: str, is_anonymous: bool, first_byte: float, idle: float
) -> list[Model]:
    """The models at `url`, which is below the API's base URL unless it is a whole URL of its own."""
    call = Call(Operation.LIST_MODELS, url, first_byte=first_byte, idle=idle, is_anonymous=is_anonymous)
    with await upstream.send(call, Exchange("GET", url)) as reply:
        return read_models(await reply.read())
