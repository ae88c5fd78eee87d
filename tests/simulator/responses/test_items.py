import pytest

from passenger.simulator.responses.items import items_of, last_user_text, text_of, tools_of

FUNCTION = {"type": "function", "name": "t"}


def test_a_string_is_what_a_user_says_and_a_role_makes_a_message() -> None:
    assert items_of({"input": "x"}) == [{"content": "x", "role": "user", "type": "message"}]
    assert items_of({"input": [{"role": "user", "content": "x"}]}) == items_of({"input": "x"})


@pytest.mark.parametrize("body", [None, [], {}, {"input": 7}, {"input": ["x"]}, {"input": []}])
def test_a_body_that_is_none_has_no_text(body: object) -> None:
    assert last_user_text(body) == ""


def test_the_text_of_parts_is_joined() -> None:
    assert text_of([{"type": "input_text", "text": "a"}, {"type": "input_image"}, {"text": "b"}]) == "a\nb"


def test_tools_are_found_in_namespaces_and_in_the_input() -> None:
    spaced = {"type": "namespace", "name": "n", "tools": [FUNCTION]}
    body = {"input": [{"type": "additional_tools", "tools": [spaced]}], "tools": [FUNCTION]}
    assert list(tools_of(body)) == [(FUNCTION, ""), (FUNCTION, "n")]
