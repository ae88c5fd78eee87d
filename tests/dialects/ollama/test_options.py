from typing import Any

import pytest

from passenger.dialects.ollama.options import Options, read_options
from passenger.errors import Failure


def options(**said: Any) -> Options:
    return read_options({"options": said})


def test_what_a_hosted_model_has_as_well_is_read() -> None:
    read = options(
        num_predict=100,
        temperature=1,
        top_p=0.5,
        top_k=40,
        seed=7,
        stop=["END", "STOP"],
        presence_penalty=0.1,
        frequency_penalty=-0.2,
    )
    assert read == Options(100, 1.0, 0.5, 40, 7, ("END", "STOP"), 0.1, -0.2)


@pytest.mark.parametrize("body", [{}, {"options": None}, {"options": {}}])
def test_no_options_say_nothing(body: dict[str, Any]) -> None:
    assert read_options(body) == Options()


def test_nulls_say_nothing() -> None:
    assert options(num_predict=None, temperature=None, stop=None, num_ctx=None, mirostat=None) == Options()


@pytest.mark.parametrize("endless", [0, -1, -2])
def test_a_limit_below_one_is_none(endless: int) -> None:
    assert options(num_predict=endless, top_k=endless) == Options()


def test_a_seed_of_minus_one_is_any() -> None:
    assert options(seed=-1).seed is None
    assert options(seed=0).seed == 0


def test_a_whole_number_may_have_a_point() -> None:
    assert options(num_predict=16.0).limit == 16


def test_a_stop_may_be_one_text_and_empty_ones_stop_nothing() -> None:
    assert options(stop="END").stop == ("END",)
    assert options(stop=["", "END"]).stop == ("END",)
    assert options(stop="").stop == ()


def test_the_rest_is_named_and_a_machines_own_affairs_are_not() -> None:
    read = options(num_ctx=8192, repeat_penalty=1.1, mirostat=0, num_gpu=1, num_thread=8, use_mmap=False, vocab_only=1)
    assert read == Options(dropped=("options.num_ctx", "options.repeat_penalty", "options.mirostat"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_predict", "many"),
        ("num_predict", 1.5),
        ("num_predict", True),
        ("temperature", "hot"),
        ("temperature", 10**400),
        ("seed", [1]),
        ("stop", 3),
        ("stop", ["END", 3]),
    ],
)
def test_a_wrong_type_is_refused_by_the_whole_name(name: str, value: object) -> None:
    with pytest.raises(Failure) as caught:
        options(**{name: value})
    assert caught.value.param == f"options.{name}"


def test_options_that_are_no_object_are_refused() -> None:
    with pytest.raises(Failure) as caught:
        read_options({"options": [1]})
    assert caught.value.param == "options"
