"""The models that were asked lately."""

from time import perf_counter

from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.server.api.ollama import KEPT, MOST, RecentModels


def over(model: str | None, *, age: float = 0.0, failure: Failure | None = None, seat: str = "own") -> Exchange:
    """An exchange that ended some seconds ago."""
    return Exchange("POST", "/", model=model, ended=perf_counter() - age, failure=failure, seat=seat)


def names(recent: RecentModels, seat: str = "own") -> list[str]:
    return [name for name, _ in recent.left(seat)]


def test_the_latest_comes_first_and_each_once() -> None:
    recent = RecentModels()
    for name, age in (("a", 9), ("b", 6), ("a", 3)):
        recent.note(over(name, age=age))
    assert names(recent) == ["a", "b"]
    assert all(0 < left < KEPT for _, left in recent.left("own"))


def test_what_failed_or_had_no_model_or_was_long_ago_is_not_among_them() -> None:
    recent = RecentModels()
    recent.note(over("failed", failure=Failure(Kind.UPSTREAM, "no")))
    recent.note(over(None))
    recent.note(over("old", age=KEPT + 1))
    recent.note(Exchange("POST", "/", model="going on"))
    assert names(recent) == []


def test_each_seat_has_its_own_however_many_another_has() -> None:
    recent = RecentModels()
    recent.note(over("a", age=9))
    for number in range(MOST):
        recent.note(over(f"m{number}", seat="another"))
    assert names(recent) == ["a"]
    assert "a" not in names(recent, "another")
    assert names(recent, "a third") == []


def test_of_very_many_the_latest_are_remembered() -> None:
    recent = RecentModels()
    for number in range(MOST * 2):
        recent.note(over(f"m{number}", age=KEPT / 2 - number))
    assert names(recent) == [f"m{number}" for number in reversed(range(MOST, MOST * 2))]
