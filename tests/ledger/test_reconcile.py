"""What GitHub's counter and the ledger differ by, and what that is taken for."""

import random
from collections.abc import Iterable, Sequence

import pytest
from msgspec.structs import replace

from passenger.chat.cost import NANO
from passenger.ledger.quota_samples import QuotaSample
from passenger.ledger.reconcile import (
    IN_A_ROW,
    SETTLING,
    Charge,
    Reconciliation,
    latest_run,
    longest_run,
    recent_since,
    reconcile,
)
from passenger.ledger.rows import DAY_MS
from passenger.quota.quota import QuotaSource
from tests.fakes import NOON

AT = int(NOON * 1000)
MINUTE = 60_000
RESET = AT + 20 * DAY_MS


def sample(minute: float, used: float, source: QuotaSource = "github", **others: object) -> QuotaSample:
    known = QuotaSample("own", source, AT + round(minute * MINUTE), "credits", 7000.0, 7000 - used, used, RESET)
    return known._replace(**others)  # type: ignore[arg-type]  # what a test says


def counted(*used: float, every: float = 5, source: QuotaSource = "github") -> Sequence[QuotaSample]:
    """Samples that are as many minutes apart."""
    return [sample(number * every, one, source) for number, one in enumerate(used)]


def charge(minute: float, spent: float, minutes: float = 0.5) -> Charge:
    """An answer that ended at that minute."""
    end = AT + round(minute * MINUTE)
    return Charge(end - round(minutes * MINUTE), end, round(spent * NANO))


def compared(
    samples: Iterable[QuotaSample], charges: Iterable[Charge] = (), now: float = 10_000, before: int = 0
) -> Reconciliation:
    found = reconcile(latest_run(samples, AT + round(now * MINUTE)), charges, before)
    assert found is not None
    return found


# --- elsewhere -----------------------------------------------------------------------------------------------------


def test_what_github_has_more_was_used_elsewhere_to_the_nano() -> None:
    found = compared(counted(10, 15.000000001, 42.123456789), [charge(1, 5), charge(2, 0.000000003)])
    assert (found.github, found.ledger) == (32_123_456_789, 5_000_000_003)
    assert (found.elsewhere, found.drift) == (27_123_456_786, 0)
    assert (found.seat, found.unit, found.resets_at) == ("own", "nano_credits", RESET)
    assert found.since < found.until


def test_what_all_was_used_here_leaves_nothing_elsewhere() -> None:
    found = compared(counted(0, 3, 6), [charge(1, 3), charge(6, 3)])
    assert (found.github, found.ledger, found.elsewhere, found.drift) == (6 * NANO, 6 * NANO, 0, 0)


def test_what_ended_by_the_first_sample_or_after_the_last_is_not_compared() -> None:
    found = compared(counted(0, 0.5, 1), [charge(0, 70), charge(1, 1), charge(10.1, 70)])
    assert (found.github, found.ledger) == (NANO, NANO)


def test_rounding_is_nothing_elsewhere() -> None:
    found = compared(counted(10.0, 20.1, source="headers"), [charge(2, 10)])
    assert (found.elsewhere, found.uncertain) == (0, 200_000_000)
    found = compared(counted(10.0, 20.3, source="headers"), [charge(2, 10)])
    assert found.elsewhere == 300_000_000


def test_headers_lag_by_the_answer_that_they_are_of() -> None:
    samples = [sample(minute, float(minute), "headers") for minute in range(30)]
    answers = [charge(minute + 0.4, 1) for minute in range(30)]
    found = compared(samples, answers)
    assert (found.github, found.ledger, found.elsewhere, found.drift) == (29 * NANO, 29 * NANO, 0, 0)


def test_what_runs_at_a_sample_may_be_counted_or_not() -> None:
    running = charge(5.2, 8, minutes=1)
    for used in (0.0, 8.0):
        found = compared(counted(0, used), [running])
        assert (found.elsewhere, found.drift, found.uncertain) == (0, 0, round(8.02 * NANO))
    just_ended = Charge(AT, AT + 5 * MINUTE - SETTLING + 1, 8 * NANO)
    assert compared(counted(0, 0.0), [just_ended]).uncertain == round(8.02 * NANO)


def test_what_was_charged_between_is_told_as_a_sum() -> None:
    found = compared(counted(0, 1000, 2000.5), [charge(1, 1)], before=1999 * NANO)
    assert found.elsewhere == NANO // 2


def test_premium_requests_are_thousandths_and_no_credits() -> None:
    samples = [one._replace(unit="premium_requests", entitlement=300.0) for one in counted(10, 10.33, 13.33)]
    found = compared(samples, [Charge(AT, AT + MINUTE, 330)])
    assert (found.unit, found.github, found.ledger, found.elsewhere) == ("premium_thousandths", 3330, 330, 3000)


@pytest.mark.parametrize(
    "run",
    [(), counted(1), [one._replace(unit="requests") for one in counted(1, 2, 3)]],
    ids=["nothing", "one sample", "a unit that the ledger has not"],
)
def test_there_may_be_nothing_to_compare(run: Sequence[QuotaSample]) -> None:
    assert reconcile(run, [charge(1, 1)]) is None


# --- drift ---------------------------------------------------------------------------------------------------------


def hours(samples: int, counted_part: float, cost: float = 10) -> Reconciliation:
    """An answer of that cost in the middle between two samples, of which GitHub counts a part."""
    used = [number * cost * counted_part for number in range(samples)]
    return compared(counted(*used), [charge(5 * number + 2, cost) for number in range(samples - 1)])


def test_three_samples_in_a_row_tell_of_drift() -> None:
    assert [hours(count, 0.9).drift for count in range(2, 6)] == [0, 0, 3 * NANO, 4 * NANO]
    found = hours(4, 0.9)
    assert found.elsewhere - found.drift == found.github - found.ledger
    assert IN_A_ROW == 3


@pytest.mark.parametrize("part", [0.991, 1.0, 1.3])
def test_within_a_hundredth_there_is_none(part: float) -> None:
    assert hours(60, part).drift == 0


def test_drift_shows_in_a_long_run_of_which_only_the_end_is_looked_at() -> None:
    assert hours(200, 0.98).drift > 0


def test_drift_shows_though_much_was_used_elsewhere_before() -> None:
    used = [0.0, 500.0, *(500 + 9.0 * number for number in range(1, 6))]
    charges = [charge(5 * number + 2, 10) for number in range(1, 6)]
    found = compared(counted(*used), charges)
    assert (found.elsewhere, found.drift) == (500 * NANO, 5 * NANO)


def test_samples_that_come_right_again_are_no_drift() -> None:
    used = (0, 10, 11, 12, 40, 50)
    charges = [charge(5 * number + 2, 10) for number in range(5)]
    assert compared(counted(*used[:5]), charges[:4]).drift == 0
    assert compared(counted(*used), charges).drift == 0


def test_answers_that_github_is_slow_to_count_are_no_drift() -> None:
    samples = [sample(minute, max(0.0, minute - 1), "headers") for minute in range(30)]
    answers = [charge(minute - 0.2, 1) for minute in range(1, 30)]
    assert compared(samples, answers).drift == 0


# --- periods and samples that cannot be ------------------------------------------------------------------------------


def test_a_new_period_starts_anew() -> None:
    old, new = counted(500, 600), [sample(20, 3.0), sample(25, 7.0)]
    for begun in (new, [one._replace(resets_at=RESET + 31 * DAY_MS, used=one.used + 700) for one in new]):
        found = compared([*old, *begun], [charge(2, 100), charge(22, 4)])
        assert (found.github, found.ledger, found.elsewhere, found.drift) == (4 * NANO, 4 * NANO, 0, 0)


def test_a_reset_that_is_told_to_the_hour_or_the_day_is_the_same() -> None:
    samples = [one._replace(resets_at=RESET + number * 3_600_000) for number, one in enumerate(counted(1, 2, 3))]
    assert compared(samples).github == 2 * NANO
    assert compared([one._replace(resets_at=None) for one in samples]).github == 2 * NANO


@pytest.mark.parametrize("change", [{"unit": "premium_requests"}, {"entitlement": 1500.0}])
def test_another_plan_starts_anew_and_units_are_never_mixed(change: dict[str, object]) -> None:
    other = [sample(20, 700.0)._replace(**change), sample(25, 701.0)._replace(**change)]  # type: ignore[arg-type]
    assert compared([*counted(10, 20, 30), *other]).github in {NANO, 1000}


@pytest.mark.parametrize(
    "odd",
    [
        sample(7, 0.0),
        sample(7, 5000.0),
        sample(7, 1e12),
        sample(7, -3.0),
        sample(7, 3.0, entitlement=0.0),
        sample(7, 3.0, unit="premium_requests"),
        sample(7, 3.0, resets_at=RESET + 90 * DAY_MS),
        sample(20_000, 3.0),
        sample(-60 * 24 * 60, 2.0),
    ],
)
def test_a_sample_that_cannot_be_is_left_out(odd: QuotaSample) -> None:
    samples = sorted([*counted(1, 2, 3, 4), odd], key=lambda one: one.at)
    assert compared(samples).github == 3 * NANO


def test_a_clock_that_jumps_back_and_forth_breaks_nothing() -> None:
    samples = [sample(minute, used) for minute, used in ((0, 10), (1, 30), (2, 12), (3, 31), (3, 13), (-9, 32))]
    run = latest_run(sorted(samples, key=lambda one: one.at), AT + 10 * MINUTE)
    assert replace(reconcile(run, []) or compared(counted(1, 2)), seat="own").drift == 0


def test_no_sample_is_no_run() -> None:
    assert not latest_run([], AT)
    assert not longest_run([])
    assert not longest_run([[], counted(1)])


# --- sources -------------------------------------------------------------------------------------------------------


def test_github_is_believed_before_headers_unless_it_has_said_nothing_for_long() -> None:
    github, headers = counted(1, 2, 3), counted(1, 2, 3, source="headers", every=9)
    assert longest_run([github, headers]) == github
    assert longest_run([headers, github]) == github
    assert longest_run([github, long := counted(1, 2, 3, source="headers", every=11)]) == long
    assert longest_run([counted(1), headers]) == headers


def test_the_last_samples_are_the_recent_ones() -> None:
    assert recent_since(counted(1, 2)) == AT
    assert recent_since(counted(*range(30), every=1)) == AT + 6 * MINUTE


@pytest.mark.parametrize("seed", range(40))
def test_a_day_of_answers_at_once_is_no_drift_and_what_was_used_elsewhere_is_found(seed: int) -> None:
    """GitHub counts an answer some seconds before or after it has ended here, and headers are rounded."""
    chance = random.Random(seed)
    source: QuotaSource = chance.choice(("github", "headers"))
    answers, counts = list[Charge](), list[tuple[float, float]]()
    for _ in range(400):
        answers.append(charge(chance.uniform(0, 600), chance.expovariate(0.2), minutes=chance.expovariate(1)))
        ran = answers[-1].ended - answers[-1].began
        counted_at = answers[-1].ended + chance.uniform(-min(ran, 10_000), SETTLING)
        counts.append(((counted_at - AT) / MINUTE, answers[-1].amount / NANO))
    elsewhere = [(chance.uniform(0, 600), chance.expovariate(0.1)) for _ in range(chance.choice((0, 3, 200)))]
    counts += elsewhere
    minutes = sorted(chance.uniform(0, 600) for _ in range(150))
    used = [sum(spent for at, spent in counts if at <= minute) for minute in minutes]
    decimals = 1 if source == "headers" else 9
    samples = [sample(minute, round(one, decimals), source) for minute, one in zip(minutes, used, strict=True)]
    for last in (5, 60, 150):
        found = compared(samples[:last], answers)
        truth = sum(spent for at, spent in elsewhere if minutes[0] < at <= minutes[last - 1]) * NANO
        assert found.drift == 0
        assert abs(found.elsewhere - truth) <= 2 * found.uncertain
