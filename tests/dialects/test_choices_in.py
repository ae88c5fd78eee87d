import pytest

from passenger.dialects.choices_in import MOST, peek_choices, read_choices
from passenger.errors import Failure


@pytest.mark.parametrize(("said", "count"), [(None, 1), (1, 1), (2, 2), (MOST, MOST)])
def test_a_number_of_answers_is_read(said: object, count: int) -> None:
    assert read_choices({"n": said}, "n") == peek_choices(said) == count


@pytest.mark.parametrize("said", [0, -1, MOST + 1, "2", 1.5, True, [2]])
def test_what_is_no_number_of_answers_is_refused_by_name_and_never_one(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_choices({"n": said}, "n", "config.")
    assert caught.value.param == "config.n"
    assert peek_choices(said) != 1
