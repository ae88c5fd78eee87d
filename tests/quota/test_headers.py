"""The quota in an answer's headers, as Copilot writes it and however else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.quota.headers import OLD_PREMIUM, PREFIX, read_header, read_headers, shape_of
from passenger.quota.quota import Quota

PREMIUM = f"{PREFIX}premium_interactions"
RESET = "2026-12-01T00%3A00%3A00Z"
DECEMBER = 1_796_083_200.0
LEFT = f"ent=300&ov=0.0&ovPerm=true&rem=96.3&rst={RESET}&totRem=289.1"
OVER = f"ent=300&ov=12.5&ovPerm=true&rem=0.0&rst={RESET}&totRem=0.0"
NO_LIMIT = f"ent=-1&ov=0.0&ovPerm=false&rem=100.0&rst={RESET}&totRem=-1"


def test_a_counter_of_which_there_is_something_left() -> None:
    assert read_header(PREMIUM, LEFT) == Quota(
        "premium_interactions",
        entitlement=300,
        remaining=289.1,
        percent_remaining=96.3,
        overage_permitted=True,
        used=pytest.approx(10.9),  # type: ignore[arg-type]  # stands for a float
        resets_at=DECEMBER,
    )


def test_a_counter_that_is_used_up_has_less_than_nothing_left() -> None:
    quota = read_header(PREMIUM, OVER)
    assert (quota.remaining, quota.used, quota.percent_remaining) == (-12.5, 312.5, 0)


def test_a_counter_without_a_limit() -> None:
    quota = read_header(f"{PREFIX}chat", NO_LIMIT)
    assert (quota.id, quota.unlimited, quota.entitlement, quota.remaining) == ("chat", True, None, None)


def test_an_older_header_has_another_name_and_a_percentage_alone() -> None:
    quota = read_header(OLD_PREMIUM, "ent=300&ov=0.0&ovPerm=false&rem=50.0")
    assert (quota.id, quota.remaining, quota.used, quota.resets_at) == ("premium_interactions", 150, 150, None)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "&&&",
        "ent",
        "ent=&rem=",
        "ent=nan&totRem=inf",
        "ent=1e400&totRem=-1e400",
        "ent=-7",
        "rst=%ff&rst=soon",
        "=" * 9000,
    ],
)
def test_what_makes_no_sense_is_unknown(value: str) -> None:
    assert read_header(PREMIUM, value) == Quota("premium_interactions")


def test_the_counters_of_an_answer_are_found_among_its_headers() -> None:
    found = read_headers({"x-request-id": "r", PREMIUM: LEFT, f"{PREFIX}chat": NO_LIMIT})
    assert {name: quota.id for name, quota in found.items()} == {
        PREMIUM: "premium_interactions",
        f"{PREFIX}chat": "chat",
    }


def test_a_shape_reads_what_is_left_of_the_next_value() -> None:
    left, over = shape_of(LEFT), shape_of(OVER)
    assert left is not None
    assert over is not None
    assert left.remaining(LEFT.replace("96.3", "0.1").replace("289.1", "0.3")) == "0.3"
    assert over.remaining(OVER.replace("12.5", "13")) == "-13"
    assert left.remaining(OVER) is None
    assert over.remaining(LEFT) is None
    assert shape_of(NO_LIMIT) is None


@pytest.mark.parametrize("tail", ["", "x", "1e5", "nan", "-1", "1.2.3", "\u00b2", " 1", "1" * 16, "5&more=1"])
def test_a_shape_takes_no_number_that_is_none(tail: str) -> None:
    shape = shape_of(LEFT)
    assert shape is not None
    assert shape.remaining(LEFT.removesuffix("289.1") + tail) is None


PARTS = st.sampled_from(
    ["ent", "ov", "ovPerm", "rem", "rst", "totRem", "=", "&", "-1", "0", "0.0", "7.5", "true", RESET, "%"]
)
ANY = st.lists(PARTS, max_size=24).map("".join) | st.text(max_size=60)
USUAL = st.builds(
    "ent={}&ov={}&ovPerm=true&rem={}&rst=2026-12-01&totRem={}".format,
    st.integers(1, 9999),
    st.sampled_from(["0", "0.0", "3.5"]),
    st.sampled_from(["0.0", "0", "50.1"]),
    st.sampled_from(["0", "0.0", "7", "120.25"]),
)


@given(ANY | USUAL, ANY | USUAL)
def test_a_shape_never_says_other_than_the_reader(first: str, second: str) -> None:
    shape = shape_of(first)
    told = shape.remaining(second) if shape else None
    if told is not None:
        remaining = read_header(PREMIUM, second).remaining
        assert remaining is not None
        assert math.isclose(float(told), remaining)
