"""What a bar compares with, and when it is met."""

import pytest
from benchmarks.bars import NGINX, RS, Bar, Limit, missed, verdict

BAR = Bar(Limit(90, {NGINX: 5.0, RS: 2.0}), Limit(45, {NGINX: 3.0}))


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (300.0, {NGINX: 100.0, RS: 150.0}, "should"),
        (301.0, {NGINX: 100.0, RS: 151.0}, "must"),
        (500.0, {NGINX: 100.0, RS: 250.0}, "must"),
        (501.0, {NGINX: 100.0, RS: 300.0}, "MISSED"),
        (250.0, {NGINX: 100.0, RS: 100.0}, "MISSED"),
        (500.0, {NGINX: 100.0}, "must"),
        (10.0, {}, "-"),
        (10.0, {"somebody": 1.0}, "-"),
        (10.0, {NGINX: 0.0}, "-"),
    ],
)
def test_every_ratio_that_was_measured_must_hold_and_no_figure_stands_in_for_one(
    ours: float, theirs: dict[str, float], said: str
) -> None:
    assert verdict(BAR, ours, theirs) == said


@pytest.mark.parametrize(("ours", "said"), [(12.0, "should"), (12.1, "must"), (16.0, "must"), (16.1, "MISSED")])
def test_what_no_machine_changes_is_held_to_a_figure(ours: float, said: str) -> None:
    assert verdict(Bar(Limit(16), Limit(12)), ours, {NGINX: 1.0}) == said


def test_a_bar_without_should_is_met_or_missed() -> None:
    assert verdict(Bar(Limit(24)), 24.0, {}) == "must"
    assert verdict(Bar(Limit(24)), 25.0, {}) == "MISSED"


def test_the_lowest_limit_that_is_exceeded_says_by_how_much() -> None:
    said = missed(BAR, 600.0, {NGINX: 100.0, RS: 200.0})
    assert said == "must: 6.00 times nginx, at most 5; 3.00 times passenger-rs, at most 2"
    assert missed(BAR, 400.0, {NGINX: 100.0, RS: 200.0}) == "should: 4.00 times nginx, at most 3"
    assert missed(BAR, 300.0, {NGINX: 100.0, RS: 200.0}) == ""
    assert missed(BAR, 300.0, {}) == ""
    assert missed(Bar(Limit(16)), 20.0, {}) == "must: 20, at most 16"


def test_a_limit_is_told_as_ratios_and_as_the_figure_that_it_was_where_it_was_set() -> None:
    assert str(BAR.must) == "x5 nginx, x2 passenger-rs, 90 there"
    assert str(Limit(16)) == "16"
    assert BAR.names() == [NGINX, RS]
