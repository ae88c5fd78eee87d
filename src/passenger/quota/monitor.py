"""The newest that is known of a seat's quota, by the headers of answers and by what GitHub says of the seat.

A reply's header is kept as it came and read when somebody asks, since most are never asked for.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf

from msgspec.structs import replace

from passenger.account.protocol import CopilotUser
from passenger.errors import ResponseHeaders
from passenger.quota.headers import Shape, read_header, read_headers, shape_of
from passenger.quota.quota import Quota, QuotaSource, QuotaUnit, main_quota
from passenger.quota.snapshots import read_snapshots

log = logging.getLogger(__name__)

THRESHOLDS = (80, 95)
"""Percentages of the quota at which a warning is logged, once each in a period."""

ASK_EVERY = 300.0
"""Seconds after which GitHub is asked anew about the seat, if there are chats."""

KEEP_EVERY = 60.0
"""Seconds after which the counter of a header is kept anew."""

DAYS = 2 * 86400.0
"""Seconds by which a new period ends later than the one before, at least."""

REMAINING = "x-passenger-quota-remaining"
ENTITLEMENT = "x-passenger-quota-entitlement"
UNIT = "x-passenger-quota-unit"
RESET = "x-passenger-quota-reset"

_WORDS: dict[QuotaUnit | None, str] = {
    "credits": "the AI credits",
    "premium_requests": "the premium requests",
    "requests": "the chat messages",
    None: "the quota",
}


def _ask_nobody() -> None:
    pass


def _keep_nothing(_quota: Quota, _source: QuotaSource, /) -> None:
    pass


class QuotaMonitor:
    """Notes what replies and GitHub tell of one seat. `ask` has GitHub asked, `clock` gives monotonic seconds.

    `keep` gets each counter that GitHub tells of chats, and one of the headers at most once in a minute.
    """

    def __init__(
        self,
        ask: Callable[[], None] = _ask_nobody,
        *,
        clock: Callable[[], float],
        keep: Callable[[Quota, QuotaSource], None] = _keep_nothing,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._keep = keep
        self._keep_after = -inf
        self._ask_after = -inf
        self._header, self._value, self._noted_at = "", "", -inf
        self._told: Sequence[Quota] = ()
        self._told_at = -inf
        self._is_free = False
        self._place = 0
        self._shape: Shape | None = None
        self._warns_below = -inf
        self._ours: ResponseHeaders = ()
        self._warnings = Warnings()

    def ask_if_old(self) -> None:
        """Have GitHub asked if that was long ago. A chat is about to be sent, and its cost wants to know the unit."""
        now = self._clock()
        if now >= self._ask_after:
            self._ask_after = now + ASK_EVERY
            self._ask()

    def note(self, headers: ResponseHeaders) -> ResponseHeaders:
        """Note the headers of a successful reply; ours for the client, empty where these tell nothing of a quota.

        It is on the path of each request, so a value is read only if its shape is not that of the last one.
        """
        value = self._value_in(headers)
        if value is None:
            return ()
        now = self._noted_at = self._clock()
        if now >= self._keep_after:
            self._keep_header(value, now)
        if value == self._value:
            return self._ours
        self._value = value
        left = self._shape.remaining(value) if self._shape else None
        if left is None or float(left) <= self._warns_below:
            return self._read()
        self._ours = ((REMAINING, left), *self._ours[1:])
        return self._ours

    def note_user(self, user: CopilotUser) -> None:
        """Note what GitHub says of the seat."""
        self._told, self._told_at = read_snapshots(user), self._clock()
        is_free = user.copilot_plan == "free"
        if is_free != self._is_free:
            self._is_free, self._header, self._value = is_free, "", ""
        if self._value:
            self._read()
        self._warnings.judge(self.newest())
        if (told := main_quota(self._told, is_free=is_free)) is not None:
            self._keep(told, "github")

    def newest(self) -> Quota | None:
        """The counter that chats are counted by, as it was told last; None if nobody has told."""
        noted = self._noted() if self._value else None
        told = main_quota(self._told, is_free=self._is_free)
        is_newer = noted is not None and (told is None or self._noted_at >= self._told_at)
        return noted if is_newer else told

    @property
    def counts_requests(self) -> bool:
        """Whether the plan counts premium requests, and not tokens, as far as GitHub has told."""
        return any(quota.unit == "premium_requests" for quota in self._told)

    def latest(self, quotas: Sequence[Quota]) -> Sequence[Quota]:
        """These counters, with the one that chats are counted by as it was told last."""
        newest = self.newest()
        if newest is None:
            return quotas
        if not quotas:
            return [newest]
        return [newest if quota.id == newest.id else quota for quota in quotas]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _value_in(self, headers: ResponseHeaders) -> str | None:
        """The counter's value: where it was last, or else wherever it is."""
        if self._place < len(headers):
            name, value = headers[self._place]
            if name == self._header:
                return value
        quotas = read_headers(dict(headers))
        main = main_quota(quotas.values(), is_free=self._is_free)
        if main is None:
            return None
        self._header = next(name for name, quota in quotas.items() if quota is main)
        self._place = [name for name, _ in headers].index(self._header)
        return headers[self._place][1]

    def _read(self) -> ResponseHeaders:
        """Read the value that was noted, and remember the shape that the next ones will have, too."""
        quota = self._noted()
        self._warnings.judge(quota)
        self._ours = headers_of(quota)
        self._shape = shape_of(self._value) if self._ours else None
        self._warns_below = (quota.entitlement or 0) * self._warnings.next_at / 100
        return self._ours

    def _keep_header(self, value: str, now: float) -> None:
        """Have the counter kept, if it tells more than a percentage."""
        self._keep_after = now + KEEP_EVERY
        if "totRem=" in value:
            self._keep(self._read_value(value), "headers")

    def _noted(self) -> Quota:
        """The counter in the header as it was noted."""
        return self._read_value(self._value)

    def _read_value(self, value: str) -> Quota:
        """The counter in the header, in the unit that GitHub has told."""
        quota = read_header(self._header, value)
        unit = next((told.unit for told in self._told if told.id == quota.id), None)
        return replace(quota, unit=unit)


class Warnings:
    """Writes a line of the log when a threshold is passed, once for each threshold and period."""

    def __init__(self) -> None:
        self._warned = 0
        self._period: float | None = None
        self.next_at: float = 100 - THRESHOLDS[0]
        """The percentage that is left at which there will be a warning."""

    def judge(self, quota: Quota | None) -> None:
        """Warn if the counter has passed a threshold."""
        used = quota.percent_used if quota else None
        if quota is None or used is None:
            return
        self._begin_period(quota.resets_at)
        passed = max((one for one in THRESHOLDS if used >= one), default=0)
        if passed > self._warned:
            self._warned = passed
            log.warning("%s", warning(quota, passed))
        self.next_at = next((100 - one for one in THRESHOLDS if one > self._warned), -inf)

    def _begin_period(self, resets_at: float | None) -> None:
        """Forget the warnings if the counter ends days later than before: headers and GitHub may differ by hours."""
        if resets_at is None or (self._period is not None and resets_at <= self._period):
            return
        if self._period is not None and resets_at > self._period + DAYS:
            self._warned = 0
        self._period = resets_at


def warning(quota: Quota, percent: int) -> str:
    """The line of the log at a threshold."""
    left = max(0.0, quota.remaining or 0.0)
    text = f"{percent} % of {_WORDS[quota.unit]} are used: {left:,.10g} of {quota.entitlement or 0:,.10g} left"
    until = f" until {_iso(quota.resets_at)[:10]}" if quota.resets_at is not None else ""
    return f"{text}{until}; more is {'billed' if quota.overage_permitted else 'refused'}"


def headers_of(quota: Quota) -> ResponseHeaders:
    """What clients are told: what is left first; nothing where there is no limit, and nothing that is unknown."""
    if quota.unlimited or quota.remaining is None:
        return ()
    told = {
        REMAINING: _plain(quota.remaining),
        ENTITLEMENT: None if quota.entitlement is None else _plain(quota.entitlement),
        UNIT: quota.unit,
        RESET: None if quota.resets_at is None else _iso(quota.resets_at),
    }
    return tuple((name, value) for name, value in told.items() if value is not None)


def _plain(number: float) -> str:
    """A number without an exponent or needless zeros."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
