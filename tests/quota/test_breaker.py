"""The watch over sessions: each has a trail of its own, and there is a bound to them."""

from passenger.quota.breaker import SESSIONS, Breaker
from passenger.quota.detectors import NANO, Outlay, Thresholds, WatchedTurn

DAY = 86_400.0


def turn(session: str = "one", body: int = 1) -> WatchedTurn:
    return WatchedTurn(session, "ann", body)


def test_a_session_has_nothing_to_do_with_another() -> None:
    breaker = Breaker(Thresholds(repeats=3))
    for session in ("one", "two"):
        assert [breaker.look(turn(session), Outlay(), 0) for _ in range(2)] == [[], []]
    assert [trip.detector for trip in breaker.look(turn("one"), Outlay(), 0)] == ["repeats"]


def test_a_forgotten_session_begins_anew() -> None:
    breaker = Breaker(Thresholds(repeats=2))
    breaker.look(turn(), Outlay(), 0)
    breaker.forget("one")
    assert breaker.look(turn(), Outlay(), 0) == []


def test_the_session_that_was_quiet_longest_is_forgotten_first() -> None:
    breaker = Breaker(Thresholds(repeats=2))
    breaker.look(turn("one"), Outlay(), 0)
    for number in range(SESSIONS):
        breaker.look(turn(f"other{number}"), Outlay(), 0)
    assert len(breaker) == SESSIONS
    assert breaker.look(turn("one"), Outlay(), 0) == []


def test_who_usually_spends_much_may_spend_more() -> None:
    breaker = Breaker(Thresholds(repeats=0, velocity=200 * NANO))
    for window in range(10):
        breaker.look(turn(body=window), Outlay(100 * NANO), window * 301.0)
    assert breaker.look(turn(), Outlay(550 * NANO), DAY) == []
    assert [trip.detector for trip in breaker.look(turn(), Outlay(51 * NANO), DAY + 1)] == ["velocity"]
