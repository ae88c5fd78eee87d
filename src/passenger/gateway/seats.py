"""The seats of a team: each person's own, opened by its first use; those that have rested longest are closed."""

import asyncio
import weakref
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from msgspec import Struct

from passenger.account.principal import Principal
from passenger.errors import Failure, Kind
from passenger.gateway.seat import Seat

KEPT_OPEN = 64
"""Seats that stay open while nobody uses them."""


class SeatRow(Struct, frozen=True):
    """The seat of a person, as a team has written it down."""

    name: str
    """The seat's own name; that of the owner's seat for who uses it."""
    user: str
    """The name of the person."""
    github_login: str = ""
    """The login that the seat is of."""


class SeatDirectory(Protocol):
    """Knows which seat a person has."""

    def seat_of(self, user_id: str) -> SeatRow | None:
        """The seat of the person with this id, None for one who has none as of now."""


class OpenedSeat(NamedTuple):
    """A seat, and what lets go of its files. `close` must not hold the seat: that would keep it in use for ever."""

    seat: Seat
    close: Callable[[], Awaitable[None]]


class TeamSeats:
    """Gives each person of a team their own seat, and everybody else the owner's.

    At most `kept` seats that nobody uses stay open. A seat is in use as long as anything refers to it, such as a
    request that it pays for; whoever asks for it meanwhile gets the same one. `is_shared` tells whether people without
    a seat use the owner's. It is to be made while an event loop runs.
    """

    def __init__(
        self,
        own: Seat,
        directory: SeatDirectory,
        open_seat: Callable[[SeatRow], OpenedSeat],
        *,
        is_shared: Callable[[], bool] = lambda: False,
        kept: int = KEPT_OPEN,
    ) -> None:
        self._own = own
        self._directory = directory
        self._open_seat = open_seat
        self._is_shared = is_shared
        self._kept = kept
        self._recent: OrderedDict[str, Seat] = OrderedDict()
        self._opened: weakref.WeakValueDictionary[str, Seat] = weakref.WeakValueDictionary()
        self._to_close: set[Callable[[], Awaitable[None]]] = set()
        self._closing: set[asyncio.Future[None]] = set()
        self._loop = asyncio.get_running_loop()

    def of(self, principal: Principal) -> Seat:
        """The seat of this principal.

        Raises:
            Failure: they have none, and may not use the owner's.
        """
        if not principal.user:
            return self._own
        row = self._directory.seat_of(principal.user)
        if row is None and not self._is_shared():
            raise _no_seat(principal.name)
        return self._own if row is None or row.name == self._own.name else self._team_seat(row)

    @property
    def open(self) -> int:
        """How many seats are open beside the owner's."""
        return len(self._to_close)

    async def aclose(self) -> None:
        """Close all seats, used or not."""
        self._recent.clear()
        for close in [*self._to_close]:
            self._begin_close(close)
        while self._closing:
            await asyncio.wait(self._closing)

    def _team_seat(self, row: SeatRow) -> Seat:
        seat = self._opened.get(row.name)
        if seat is None:
            seat, close = self._open_seat(row)
            self._opened[row.name] = seat
            self._to_close.add(close)
            weakref.finalize(seat, self._close_soon, close).atexit = False
        self._recent[row.name] = seat
        self._recent.move_to_end(row.name)
        if len(self._recent) > self._kept:
            self._recent.popitem(last=False)
        return seat

    def _close_soon(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close a seat that was used last just now, maybe by another thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._begin_close, close)

    def _begin_close(self, close: Callable[[], Awaitable[None]]) -> None:
        if close in self._to_close:
            self._to_close.remove(close)
            task = asyncio.ensure_future(close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _no_seat(user: str) -> Failure:
    message = (
        f"{user} has no Copilot seat here yet: `passenger users invite {user}` makes a link by which they log in to "
        "GitHub. One person's seat is for that person alone"
    )
    return Failure(Kind.FORBIDDEN, message, code="no_seat")
