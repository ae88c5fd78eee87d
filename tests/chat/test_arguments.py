import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.arguments import is_unfinished, read_arguments, write_arguments
from passenger.errors import Failure, Kind

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES))
def test_an_object_comes_back_as_it_was(arguments: dict[str, Any]) -> None:
    assert write_arguments(read_arguments(arguments, "at"), custom=False) == arguments


def test_text_that_holds_an_object_stays_as_it_came() -> None:
    assert read_arguments('{"n": 1.0}', "at") == '{"n": 1.0}'


def test_integers_of_any_size_stay_exact() -> None:
    assert read_arguments({"n": 10**40}, "at") == '{"n":1' + "0" * 40 + "}"
    assert write_arguments('{"n":1' + "0" * 40 + "}", custom=False) == {"n": 10**40}


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_no_arguments_are_an_empty_object(nothing: object) -> None:
    assert read_arguments(nothing, "at") == "{}"
    assert write_arguments(" ", custom=False) == {}


@pytest.mark.parametrize("wrong", ["[1]", "{", "3", 3, True, ["a"]])
def test_what_is_no_object_is_the_callers_fault(wrong: object) -> None:
    with pytest.raises(Failure) as caught:
        read_arguments(wrong, "messages[0].tool_calls[0].function.arguments")
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, "messages[0].tool_calls[0].function.arguments")


def test_arguments_of_any_depth_are_read_or_refused() -> None:
    deep: Any = {}
    for _ in range(20_000):
        deep = {"a": deep}
    with pytest.raises(Failure, match="too deeply"):
        read_arguments(deep, "at")


@pytest.mark.parametrize("broken", ['{"city": "Os', "[]", "null", '{"n": NaN}', "[" * 5000])
def test_a_models_broken_arguments_are_no_object(broken: str) -> None:
    assert write_arguments(broken, custom=False) is None
    assert is_unfinished(broken, custom=False)
    assert not is_unfinished('{"city": "Oslo"}', custom=False)


def test_a_call_that_was_cut_has_no_arguments_that_nobody_wrote() -> None:
    assert write_arguments("", custom=False, cut=True) is None
    assert write_arguments('{"a": 1}', custom=False, cut=True) == {"a": 1}
    assert write_arguments("*** Begin Pa", custom=True, cut=True) is None


def test_a_custom_tools_text_becomes_its_input() -> None:
    assert write_arguments("*** Begin Patch", custom=True) == {"input": "*** Begin Patch"}


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert write_arguments(json.dumps({"a": "\ud800"}), custom=False) == {"a": "\ufffd"}


MANY = '{"a":[' + "[]," * 500_000 + "0]}"


def test_arguments_of_too_many_values_are_an_error_where_an_object_is_needed() -> None:
    with pytest.raises(Failure, match="too many values"):
        write_arguments(MANY, custom=False)
    assert write_arguments(MANY, custom=True) == {"input": MANY}


def test_a_long_text_in_arguments_is_no_many_values() -> None:
    text = "a [], {} " * 200_000
    assert write_arguments(json.dumps({"a": text}), custom=False) == {"a": text}
