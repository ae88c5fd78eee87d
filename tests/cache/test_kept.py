"""What is kept: no more than so many bytes, for no longer than so many seconds, and of whom."""

from hypothesis import given
from hypothesis import strategies as st

from passenger.cache.kept import OVERHEAD, KeptValues
from tests.fakes import Clock

MOST = 100_000


def make(most: int = MOST) -> tuple[KeptValues[str], Clock]:
    clock = Clock()
    return KeptValues(most, 60.0, clock), clock


def test_a_value_is_kept_for_its_time() -> None:
    kept, clock = make()
    assert kept.put(b"k", "value", 5)
    clock.now += 59.9
    assert kept.get(b"k") == "value"
    clock.now += 0.1
    assert kept.get(b"k") is None
    assert (len(kept), kept.size) == (0, 0)


def test_a_value_that_is_too_old_for_one_is_kept_for_the_others() -> None:
    kept, clock = make()
    kept.put(b"k", "value", 5)
    clock.now += 10
    assert kept.get(b"k", 9) is None
    assert kept.get(b"k", 10) == "value"


def test_what_was_used_last_is_kept_longest() -> None:
    kept, _ = make(10 * (OVERHEAD + 100))
    for number in range(10):
        assert kept.put(b"%d" % number, str(number), 100)
    assert kept.get(b"0") == "0"
    kept.put(b"10", "10", 100)
    assert kept.get(b"1") is None
    assert kept.get(b"0") == "0"


def test_a_value_that_would_drive_the_others_out_is_not_kept() -> None:
    kept, _ = make()
    assert not kept.put(b"k", "large", kept.largest + 1)
    assert kept.put(b"k", "large", kept.largest)


def test_what_was_asked_for_before_all_was_thrown_away_is_not_kept() -> None:
    kept, _ = make()
    before = kept.clearings
    assert kept.put(b"1", "old", 3, clearings=before)
    kept.clear()
    assert (kept.get(b"1"), len(kept), kept.size) == (None, 0, 0)
    assert not kept.put(b"2", "late", 4, clearings=before)
    assert kept.put(b"3", "new", 3, clearings=kept.clearings)
    assert (kept.get(b"2"), kept.get(b"3")) == (None, "new")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9_000)), max_size=60))
def test_the_size_is_that_of_what_is_kept_and_never_above_the_limit(puts: list[tuple[int, int]]) -> None:
    kept, _ = make(50_000)
    sizes: dict[bytes, int] = {}
    for number, size in puts:
        key = b"%d" % number
        if kept.put(key, "value", size):
            sizes[key] = size + OVERHEAD
        assert kept.size <= 50_000
    assert kept.size == sum(size for key, size in sizes.items() if kept.get(key) is not None)
