"""What somebody usually spends within five minutes, learned from the windows in which they spent anything."""

from array import array
from collections import OrderedDict

from msgspec import Struct, field

from passenger.quota.detectors import SPENT_WITHIN

TIMES = 6
"""How many times the usual pace is still none of a runaway."""

OWNERS = 200
"""People whose pace is kept."""

_WINDOWS = 14 * 288
"""Windows of fourteen days."""

_A_DAY = 86_400.0


class _Pace(Struct):
    since: float
    window: int
    spent: int = 0
    past: "array[int]" = field(default_factory=lambda: array("q"))
    usual: int = 0


class UsualPace:
    """The pace of each person; seconds are of whatever clock the caller has."""

    def __init__(self) -> None:
        self._paces: OrderedDict[str, _Pace] = OrderedDict()

    def note(self, owner: str, nano: int, now: float) -> int:
        """Add what somebody has spent; gives what they may spend in a window by habit: 0 within the first day."""
        window = int(now // SPENT_WITHIN)
        pace = self._paces.get(owner)
        if pace is None:
            pace = self._paces[owner] = _Pace(now, window)
            if len(self._paces) > OWNERS:
                self._paces.popitem(last=False)
        self._paces.move_to_end(owner)
        if window != pace.window:
            _close_window(pace)
            pace.window = window
        pace.spent += nano
        return TIMES * pace.usual if now - pace.since >= _A_DAY else 0


def _close_window(pace: _Pace) -> None:
    """Keep the sum of a window that is over, and learn from it."""
    if pace.spent:
        pace.past.append(pace.spent)
        del pace.past[:-_WINDOWS]
        pace.usual = sorted(pace.past)[len(pace.past) * 95 // 100]
    pace.spent = 0
