"""Watches sessions and finds those that run away: a state machine with a bounded memory."""

from collections import OrderedDict
from collections.abc import Sequence

from msgspec.structs import replace

from passenger.quota.detectors import Outlay, Thresholds, Trail, Trip, WatchedTurn, look_at
from passenger.quota.usual_pace import UsualPace

SESSIONS = 2000
"""Sessions that are remembered; the one that was quiet longest is forgotten first."""


class Breaker:
    """Watches the turns of sessions."""

    def __init__(self, limits: Thresholds) -> None:
        self._limits = limits
        self._trails: OrderedDict[str, Trail] = OrderedDict()
        self._pace = UsualPace()

    def __len__(self) -> int:
        return len(self._trails)

    def look(self, turn: WatchedTurn, outlay: Outlay, now: float) -> Sequence[Trip]:
        """Note a turn that was answered, at `now` in seconds; gives what has tripped."""
        trail = self._trails.get(turn.session)
        if trail is None:
            trail = self._trails[turn.session] = Trail()
            if len(self._trails) > SESSIONS:
                self._trails.popitem(last=False)
        self._trails.move_to_end(turn.session)
        limits, usual = self._limits, self._pace.note(turn.owner, outlay.nano, now)
        if limits.velocity and usual > limits.velocity:
            limits = replace(limits, velocity=usual)
        return [*look_at(trail, turn, outlay, now, limits)]

    def forget(self, session: str) -> None:
        """Begin anew with a session."""
        self._trails.pop(session, None)
