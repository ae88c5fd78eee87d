"""Compares what GitHub's counter of a seat has gained with what the ledger has, in one billing period.

What GitHub has more was used elsewhere (VS Code, other tools). What the ledger has more is drift, once that is beyond
all that the two may differ by in three samples in a row. Amounts are whole numbers of nano credits or of thousandths of
a premium request, times Unix milliseconds. Nothing is ever corrected by it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, zip_longest
from typing import Literal, NamedTuple

from msgspec import Struct

from passenger.chat.cost import NANO
from passenger.ledger.quota_samples import EVERY_MS, QuotaSample
from passenger.ledger.rows import DAY_MS
from passenger.quota.quota import QuotaSource, QuotaUnit

AmountUnit = Literal["nano_credits", "premium_thousandths"]

SCALES: Mapping[QuotaUnit, tuple[AmountUnit, int]] = {
    "credits": ("nano_credits", NANO),
    "premium_requests": ("premium_thousandths", 1000),
}
"""The ledger's unit of each counter that it has one for, and how many of it are one."""

ROUNDING: Mapping[QuotaSource, float] = {"github": 0.01, "headers": 0.1}
"""How far a counter may be from the truth: headers tell one decimal, GitHub two of what is left."""

TOLERANCE = 0.01
"""The part of what the ledger has gained that it may have too much."""

IN_A_ROW = 3
"""Samples in a row that tell of drift."""

RECENT = 24
"""Samples, the last ones, in which drift is looked for: a ratio shows at any time."""

SETTLING = 30_000
"""Milliseconds after its end in which GitHub may not have counted an answer yet."""

NEXT_PERIOD = 2 * DAY_MS
"""Milliseconds by which a new period ends later than the one before, at least."""

LONGEST_PERIOD = 62 * DAY_MS
"""Before its reset no period began earlier."""

AHEAD = 60_000
"""Milliseconds by which the clock of a sample may be ahead."""

_MOST = 10**9
"""More than any seat uses."""

_LAST_MS = 253_402_300_799_000


class Charge(NamedTuple):
    """What an answer cost, from when to when it ran."""

    began: int
    ended: int
    amount: int


class Reconciliation(Struct, frozen=True):
    """A seat's counter and the ledger since the first sample of the period. `elsewhere - drift` is what they differ by.

    It is that to the last digit unless they differ by less than they may.
    """

    seat: str
    unit: AmountUnit
    since: str
    until: str
    """The first and the last sample, in UTC."""
    github: int
    """What GitHub has counted between them."""
    ledger: int
    """What the ledger has of answers that ended between them."""
    elsewhere: int
    """What was used without Passenger, 0 where that cannot be told from rounding and answers that just ran."""
    drift: int
    """What the ledger has too much, 0 as long as that may be chance."""
    uncertain: int
    """How much rounding and the answers that ran at the first and the last sample may make."""
    unpriced: int
    """Requests whose cost nobody knows, which are in `elsewhere` if GitHub has counted them."""
    resets_at: int | None = None
    """When the period ends, in Unix milliseconds."""


def latest_run(samples: Iterable[QuotaSample], now: int) -> Sequence[QuotaSample]:
    """Of one seat's samples from one source, in the order of time: those of the period under way.

    Samples that cannot be are left out: of a clock that was wrong, or with a number that only one of them tells.
    """
    found = list(_without_outliers([sample for sample in samples if _is_plausible(sample, now)]))
    starts = (place for place in range(len(found) - 1, 0, -1) if _begins_anew(found[place - 1], found[place]))
    return found[next(starts, 0) :]


def longest_run(runs: Iterable[Sequence[QuotaSample]]) -> Sequence[QuotaSample]:
    """The run to be compared: GitHub's answers, which are exact, unless headers were told for twice as long.

    The sources are never mixed, as one may lag behind the other.
    """

    def weight(run: Sequence[QuotaSample]) -> int:
        return (run[-1].at - run[0].at) * (2 if run[0].source == "github" else 1)

    return max((run for run in runs if len(run) > 1), key=weight, default=())


def recent_since(run: Sequence[QuotaSample]) -> int:
    """When the first of a run's recent samples was."""
    return run[-min(len(run), RECENT)].at


def reconcile(
    run: Sequence[QuotaSample], charges: Iterable[Charge], before: int = 0, unpriced: int = 0
) -> Reconciliation | None:
    """Compare a run of samples with what was charged; None if there is nothing to compare.

    `charges` ran at the first sample, or at a recent one and later; `before` is the sum of those between.
    """
    if len(run) < 2 or run[0].unit not in SCALES:
        return None
    ledger, points = _Charged(charges, before, run[0].at), list(_points(run))
    marks = [_mark(point, run[0], ledger) for point in points]
    unit, _ = SCALES[run[0].unit]
    last = marks[-1]
    more, uncertain = last.github - last.ledger, marks[0].uncertain + last.uncertain
    drift = _drift(marks)
    elsewhere = more + drift if drift else more
    return Reconciliation(
        seat=run[0].seat,
        unit=unit,
        since=_iso(run[0].at),
        until=_iso(run[-1].at),
        github=last.github,
        ledger=last.ledger,
        elsewhere=elsewhere if elsewhere > uncertain else 0,
        drift=drift,
        uncertain=uncertain,
        unpriced=unpriced,
        resets_at=run[-1].resets_at,
    )


# --- samples -----------------------------------------------------------------------------------------------------


def _is_plausible(sample: QuotaSample, now: int) -> bool:
    is_in_time = sample.resets_at is None or sample.at >= sample.resets_at - LONGEST_PERIOD
    return is_in_time and sample.at <= now + AHEAD and 0 <= sample.used <= _MOST


def _without_outliers(samples: Sequence[QuotaSample]) -> Iterator[QuotaSample]:
    """Leave out each that begins anew, or makes the next one do so, where the next one goes on from the one before."""
    before: QuotaSample | None = None
    for sample, after in zip_longest(samples, samples[1:]):
        is_odd = (
            before is not None
            and after is not None
            and (_begins_anew(before, sample) or _begins_anew(sample, after))
            and not _begins_anew(before, after)
        )
        if not is_odd:
            before = sample
            yield sample


def _begins_anew(before: QuotaSample, sample: QuotaSample) -> bool:
    """Whether a sample is of another period or plan than the one before: a counter of one only grows."""
    if before.unit != sample.unit or _differ(before.entitlement, sample.entitlement):
        return True
    resets_at, next_at = before.resets_at, sample.resets_at
    if resets_at is not None and next_at is not None and next_at > resets_at + NEXT_PERIOD:
        return True
    return sample.used < before.used - ROUNDING[sample.source]


def _differ(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one != other


def _points(run: Sequence[QuotaSample]) -> Iterator[QuotaSample]:
    """The first sample, and of the recent ones not more than one in a minute, the last of them in any case."""
    yield run[0]
    at = run[0].at
    for sample in run[max(1, len(run) - RECENT) : -1]:
        if sample.at >= at + EVERY_MS:
            at = sample.at
            yield sample
    yield run[-1]


# --- sums --------------------------------------------------------------------------------------------------------


class _Mark(NamedTuple):
    """What both have gained by a sample, and how far that may be from the truth."""

    github: int
    ledger: int
    uncertain: int

    @property
    def more(self) -> int:
        """What GitHub has more."""
        return self.github - self.ledger


def _mark(sample: QuotaSample, first: QuotaSample, ledger: "_Charged") -> _Mark:
    _, scale = SCALES[sample.unit]
    rounding = round(ROUNDING[sample.source] * scale)
    gained = round(sample.used * scale) - round(first.used * scale)
    return _Mark(gained, ledger.until(sample.at), rounding + ledger.at_the_edge(sample.at))


def _drift(marks: Sequence[_Mark]) -> int:
    """By how much GitHub's lead has fallen, if that is no chance: what was used elsewhere can only make it grow."""
    peak, in_a_row = marks[0], 0
    for mark in marks[1:]:
        if mark.more >= peak.more:
            peak, in_a_row = mark, 0
            continue
        may_be = TOLERANCE * (mark.ledger - peak.ledger) + peak.uncertain + mark.uncertain
        in_a_row = in_a_row + 1 if peak.more - mark.more > may_be else 0
    return peak.more - marks[-1].more if in_a_row >= IN_A_ROW else 0


class _Charged:
    """Sums of what was charged by a moment."""

    def __init__(self, charges: Iterable[Charge], before: int, since: int) -> None:
        charged = list(charges)
        self._since, self._before = since, before
        self._ends, self._by_end = _sums((charge.ended, charge.amount) for charge in charged)
        self._starts, self._by_start = _sums((charge.began, charge.amount) for charge in charged)

    def until(self, at: int) -> int:
        """What ended after the first sample, and by this one."""
        if at <= self._since:
            return 0
        return self._before + self._ended(at) - self._ended(self._since)

    def at_the_edge(self, at: int) -> int:
        """What ran at a moment or had just ended, of which GitHub may have counted all or nothing."""
        return self._by_start[bisect_left(self._starts, at)] - self._ended(at - SETTLING)

    def _ended(self, at: int) -> int:
        return self._by_end[bisect_right(self._ends, at)]


def _sums(amounts: Iterable[tuple[int, int]]) -> tuple[Sequence[int], Sequence[int]]:
    """Moments in order, and the sums before each of them and after the last."""
    found = sorted(amounts)
    return [at for at, _ in found], [0, *accumulate(amount for _, amount in found)]


def _iso(at: int) -> str:
    return datetime.fromtimestamp(min(max(at, 0), _LAST_MS) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
