"""Laws of the way down: any answer of each of Copilot's APIs, to a client of each dialect, cut anywhere."""

import pytest
from fuzz.answers.law import DIALECTS, TELLERS, Told, faithful, must_arrive, must_end_once, mutated
from hypothesis import given


@pytest.mark.proves("F30", "F38", "F39")
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("api", sorted(TELLERS))
def test_an_answer_that_is_told_in_an_odd_way_arrives_exactly_and_ends_once(api: str, dialect: str) -> None:
    @given(faithful(api))
    def law(told: Told) -> None:
        must_arrive(told, dialect)

    law()


@pytest.mark.proves("promise 6", "F32")
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("api", sorted(TELLERS))
def test_an_answer_that_is_told_wrongly_ends_once_and_no_lost_text_ends_well(api: str, dialect: str) -> None:
    @given(mutated(api))
    def law(told: Told) -> None:
        must_end_once(told, dialect)

    law()
