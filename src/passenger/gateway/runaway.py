"""The breaker for sessions that run away: it reads requests while Copilot answers, and judges them afterwards.

Before a request there is only a look whether its session is paused.
"""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

from passenger.chat.prompt import Initiator
from passenger.dialects import Request
from passenger.dialects.tool_steps import read_opening, read_step
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange, Outcome
from passenger.quota.breaker import SESSIONS, Breaker
from passenger.quota.detectors import Outlay, Thresholds, Trip, WatchedTurn
from passenger.quota.pauses import PausedSession, Pauses

log = logging.getLogger(__name__)

BreakerAction = Literal["warn", "pause"]

PAUSE = 900.0
"""Seconds that a pause lasts, and that answers carry a warning after the last reason for it."""

_WHOLE, _ENDS = 256 * 1024, 64 * 1024
"""Bytes up to which the whole of a request is compared; of a larger one its length and both ends are."""

_LONGEST_NAME = 80


class _Warned(Struct):
    until: float
    trips: dict[str, str]
    """Why, by the name of the detector."""


class RunawayBreaker:
    """Warns of sessions that run away, or pauses them."""

    def __init__(
        self, action: BreakerAction, thresholds: Thresholds, pauses: Pauses, clock: Callable[[], float]
    ) -> None:
        self._action = action
        self._breaker = Breaker(thresholds)
        self._pauses = pauses
        self._clock = clock
        """Unix seconds."""
        self._warned: OrderedDict[str, _Warned] = OrderedDict()

    # --- before the answer -------------------------------------------------------------------------------------------

    def begin(self, request: Request, exchange: Exchange) -> None:
        """See whether the session may go on; the request is read once it was sent up.

        Raises:
            Failure: the session is paused.
        """
        session = ""
        if self._warned or (self._action == "pause" and self._pauses):
            session = name_session(request, exchange)
            if (paused := self._pauses.find(session)) is not None:
                self._forget(session)
                raise _refusal(paused, self._clock())
            exchange.warning = self._warning(session)
        asyncio.get_running_loop().call_soon(self._read, request, exchange, session)

    def _warning(self, session: str) -> str:
        warned = self._warned.get(session)
        if warned is None:
            return ""
        if warned.until <= self._clock():
            del self._warned[session]
            return ""
        told = "; ".join(f"{name}: {why}" for name, why in warned.trips.items())
        return f"session={session}; {told}"

    @staticmethod
    def _read(request: Request, exchange: Exchange, session: str) -> None:
        """Read what the detectors need of a request, so that nobody has to hold it until it is answered."""
        ask, step = exchange.ask, b""
        is_typed = ask is None or ask.initiator is Initiator.USER
        if not is_typed and request.fields is not None:
            step = read_step(request.fields)
        exchange.turn = WatchedTurn(
            session or name_session(request, exchange),
            _owner(exchange),
            _digest(request.body),
            (hash(step) or 1) if step else 0,
            is_typed,
        )

    # --- after it ----------------------------------------------------------------------------------------------------

    def note(self, exchange: Exchange) -> None:
        """Judge a request that was answered, as an observer. What the cache has answered costs nothing."""
        turn = exchange.turn
        if turn is None or exchange.outcome is not Outcome.OK or exchange.failure is not None or exchange.is_free:
            return
        usage, cost = exchange.usage, exchange.cost
        outlay = Outlay(
            (cost.nano_credits if cost else None) or 0, usage.input if usage else 0, usage.cached if usage else 0
        )
        for trip in self._breaker.look(turn, outlay, self._clock()):
            if self._action == "pause" and trip.detector != "cold_cache":
                self._pause(turn.session, trip, exchange)
                return
            self._warn(turn.session, trip, exchange)

    def _warn(self, session: str, trip: Trip, exchange: Exchange) -> None:
        warned = self._warned.get(session)
        if warned is None:
            warned = self._warned[session] = _Warned(0, {})
            if len(self._warned) > SESSIONS:
                self._warned.popitem(last=False)
        warned.until = self._clock() + PAUSE
        if trip.detector not in warned.trips:
            log.warning("session %s of %s may run away (%s): %s", session, _who(exchange), trip.detector, trip.why)
        warned.trips[trip.detector] = trip.why

    def _pause(self, session: str, trip: Trip, exchange: Exchange) -> None:
        until, who = self._clock() + PAUSE, _who(exchange)
        client = "".join(char for char in exchange.session[:_LONGEST_NAME] if char.isprintable())
        self._pauses.pause(PausedSession(session, until, trip.detector, trip.why, who, client))
        self._forget(session)
        log.warning("session %s of %s is paused for 15 minutes (%s): %s", session, who, trip.detector, trip.why)

    # --- about it ----------------------------------------------------------------------------------------------------

    def paused(self) -> Sequence[PausedSession]:
        """The sessions that are paused."""
        return self._pauses.all()

    def resume(self, name: str) -> Sequence[str]:
        """Let sessions go on: the one of this id, or those that a client calls so. Gives their ids."""
        found = [one.session for one in self._pauses.all() if name in {one.session, one.client}]
        for session in found:
            self._pauses.resume(session)
            self._forget(session)
        return found

    def _forget(self, session: str) -> None:
        self._breaker.forget(session)
        self._warned.pop(session, None)


def name_session(request: Request, exchange: Exchange) -> str:
    """The id of a session, 16 hexadecimal digits: of the client's name for it, else of how it begins.

    It is another one for each person, so that nobody can have somebody else's session paused.
    """
    digest = hashlib.blake2b(_owner(exchange).encode("utf-8", "replace"), digest_size=8)
    if exchange.session:
        digest.update(b"\0" + exchange.session.encode("utf-8", "replace"))
    else:
        for piece in read_opening(request.fields) if request.fields is not None else ():
            digest.update(b"\1" + piece)
    return digest.hexdigest()


def _owner(exchange: Exchange) -> str:
    return exchange.principal.owner if exchange.principal else ""


def _who(exchange: Exchange) -> str:
    return exchange.principal.name if exchange.principal else "nobody known"


def _digest(body: bytes) -> int:
    if len(body) <= _WHOLE:
        return hash(body)
    return hash((len(body), body[:_ENDS], body[-_ENDS:]))


def _refusal(paused: PausedSession, now: float) -> Failure:
    minutes = max(1, round((paused.until - now) / 60))
    message = (
        f"Passenger has paused this session, as it seems to run away: {paused.why}. It may go on in {minutes} "
        f"minutes, or at once after `passenger resume {paused.session}`; other sessions go on"
    )
    return Failure(Kind.FORBIDDEN, message, code="runaway_paused")
