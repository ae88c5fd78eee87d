"""What shows that a session runs away, each sign for itself, and what only looks like it."""

from passenger.quota.detectors import (
    NANO,
    Outlay,
    Thresholds,
    Trail,
    WatchedTurn,
    find_chain,
    find_cold_cache,
    find_repeats,
    find_tool_loop,
    find_velocity,
    look_at,
)

OFF = Thresholds(repeats=0, tool_loop=0, velocity=0, chain=0)


def turn(body: int = 1, step: int = 0, *, is_typed: bool = False) -> WatchedTurn:
    return WatchedTurn("session", "ann", body, step, is_typed)


def test_the_fourth_equal_request_within_ten_minutes_is_a_repeat() -> None:
    trail = Trail()
    told = [find_repeats(trail, turn(7), now, 4) for now in (0, 100, 200, 600)]
    assert [trip is not None for trip in told] == [False, False, False, True]


def test_equal_requests_that_come_slowly_are_none() -> None:
    trail = Trail()
    assert not any(find_repeats(trail, turn(7), now, 4) for now in range(0, 6000, 201))


def test_other_requests_between_equal_ones_hide_nothing_and_are_no_repeats() -> None:
    trail = Trail()
    told = [find_repeats(trail, turn(body), 0, 3) for body in (1, 2, 1, 3, 1)]
    assert [trip is not None for trip in told] == [False, False, False, False, True]


def test_the_requests_that_are_kept_are_bounded() -> None:
    trail = Trail()
    for body in range(1000):
        find_repeats(trail, turn(body), 0, 4)
    assert len(trail.bodies) == 8


def test_five_equal_steps_among_the_last_seven_are_a_loop() -> None:
    trail = Trail()
    told = [find_tool_loop(trail, turn(step=step), 5) for step in (1, 1, 2, 1, 3, 1, 1)]
    assert [trip is not None for trip in told] == [False] * 6 + [True]


def test_the_same_call_with_other_results_is_no_loop() -> None:
    trail = Trail()
    assert not any(find_tool_loop(trail, turn(step=step), 5) for step in range(1, 100))


def test_turns_without_a_step_are_no_loop() -> None:
    trail = Trail()
    assert not any(find_tool_loop(trail, turn(), 5) for _ in range(20))


def test_more_than_the_threshold_within_five_minutes_is_too_fast() -> None:
    trail, limit = Trail(), 200 * NANO
    assert find_velocity(trail, Outlay(150 * NANO), 0, limit) is None
    assert find_velocity(trail, Outlay(50 * NANO), 299, limit) is None
    trip = find_velocity(trail, Outlay(1), 300, limit)
    assert trip is not None
    assert "200 credits" in trip.why


def test_what_was_spent_before_five_minutes_does_not_count() -> None:
    trail, limit = Trail(), 200 * NANO
    assert not any(find_velocity(trail, Outlay(150 * NANO), now, limit) for now in range(0, 4000, 301))


def test_the_sums_that_are_kept_are_bounded() -> None:
    trail = Trail()
    for now in range(5000):
        find_velocity(trail, Outlay(1), now / 2, NANO)
    assert len(trail.spent) <= 32


def test_a_clock_that_goes_back_raises_nothing() -> None:
    trail = Trail()
    for now in (1000.0, 10.0, 2000.0, 0.0):
        assert [*look_at(trail, turn(int(now)), Outlay(1), now, Thresholds())] == []


def test_steps_since_a_person_typed_are_counted() -> None:
    trail = Trail()
    assert [find_chain(trail, turn(step=n), 3) is not None for n in (1, 2, 3, 4)] == [False, False, False, True]
    assert find_chain(trail, turn(is_typed=True), 3) is None
    assert find_chain(trail, turn(step=9), 3) is None


def test_side_requests_are_no_steps() -> None:
    trail = Trail()
    assert not any(find_chain(trail, turn(), 3) for _ in range(10))


def test_the_fifth_large_prompt_without_a_cached_token_is_a_cold_cache() -> None:
    trail = Trail()
    told = [find_cold_cache(trail, Outlay(input=60_000)) for _ in range(5)]
    assert [trip is not None for trip in told] == [False] * 4 + [True]


def test_small_prompts_say_nothing_of_the_cache_and_a_cached_token_warms_it() -> None:
    trail = Trail()
    for _ in range(4):
        assert find_cold_cache(trail, Outlay(input=60_000)) is None
        assert find_cold_cache(trail, Outlay(input=10)) is None
    assert find_cold_cache(trail, Outlay(input=60_000, cached=1)) is None
    assert find_cold_cache(trail, Outlay(input=60_000)) is None


def test_zero_switches_a_detector_off() -> None:
    trail = Trail()
    for _ in range(500):
        assert [*look_at(trail, turn(1, 1), Outlay(10**15), 0, OFF)] == []
