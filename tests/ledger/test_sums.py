"""The sums of a batch."""

from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.cost import Cost
from passenger.ledger.rows import DAY_MS, Row, row_of
from passenger.ledger.sums import sum_up
from tests.fakes import NOON
from tests.ledger.exchanges import finished, refused

DAY = int(NOON * 1000) // DAY_MS


def test_a_day_has_a_sum_for_each_seat_client_and_model() -> None:
    rows = [row_of(finished(model=model)) for model in ("a", "b", "a")]
    one = (0, 0, 0, 300, 600, 100, 70, 20, 12_000_000, 0)
    assert sum_up(rows).days == [
        (DAY, "own", "claude-cli", "a", 2, *(2 * each for each in one)),
        (DAY, "own", "claude-cli", "b", 1, *one),
    ]


def test_a_session_has_a_sum_for_each_day_and_the_times_of_its_first_and_last() -> None:
    moments = [NOON + 5, NOON, NOON + 86_400, NOON + 1]
    rows = [row_of(finished(at)) for at in moments] + [row_of(finished(session=""))]
    found = [(row[:5], row[-2:]) for row in sum_up(rows).sessions]
    first, last, next_day = (int(at * 1000) for at in (NOON, NOON + 5, NOON + 86_400))
    assert found == [
        ((DAY, "own", "claude-cli", "s1", 3), (first, last)),
        ((DAY + 1, "own", "claude-cli", "s1", 1), (next_day, next_day)),
    ]


def test_each_key_of_a_team_has_a_sum_for_each_day() -> None:
    rows = [row_of(finished(user=user, key=key)) for user, key in (("a", "1"), ("a", "2"), ("b", "3"), ("a", "1"))]
    found = [row[:5] for row in sum_up([*rows, row_of(finished())]).users]
    assert found == [(DAY, "own", "a", "1", 2), (DAY, "own", "a", "2", 1), (DAY, "own", "b", "3", 1)]


def test_what_failed_is_unpriced_or_estimated_is_counted() -> None:
    rows = [row_of(one) for one in (finished(), refused(), finished(cost=Cost("estimated", 5)), finished(cost=None))]
    ((*_, requests, failed, unpriced, estimated, _, _, _, _, _, nano, premium),) = sum_up(rows).days
    assert (requests, failed, unpriced, estimated, nano, premium) == (4, 1, 2, 1, 12_000_005, 0)


def test_premium_requests_and_credits_have_sums_of_their_own() -> None:
    costs = [Cost("legacy", premium_thousandths=330), Cost("upstream", 7)]
    ((*_, nano, premium),) = sum_up([row_of(finished(cost=cost)) for cost in costs]).days
    assert (nano, premium) == (7, 330)


sessions = st.sampled_from(["", "x", "y"])
made = st.tuples(st.integers(-90_000, 90_000), st.sampled_from("ab"), sessions, st.none() | st.integers(0, 10**9))
Made = tuple[int, str, str, int | None]


def _row(at: int, model: str, session: str, nano: int | None) -> Row:
    cost = None if nano is None else Cost("priced", nano)
    return row_of(finished(NOON + at, model=model, session=session, cost=cost))


@given(st.lists(made))
def test_the_sums_of_days_and_of_sessions_are_those_of_their_rows(
    given: list[tuple[int, str, str, int | None]],
) -> None:
    rows = [_row(*one) for one in given]
    batch = sum_up(rows)
    for sums, of in ((batch.days, rows), (batch.sessions, [row for row in rows if row.session])):
        assert sum(int(str(row[4])) for row in sums) == len(of)
        assert sum(int(str(row[13])) for row in sums) == sum(row.nano or 0 for row in of)
        assert len({row[:4] for row in sums}) == len(sums)
