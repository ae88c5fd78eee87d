from collections.abc import Callable

import pytest

from passenger.errors import Failure
from passenger.jsontext.node import JsonNode

NODE = JsonNode(
    {"text": "x", "empty": "", "flag": True, "whole": 1, "number": 0.5, "node": {"a": [{}]}, "null": None}, "at"
)


def test_each_type_is_read() -> None:
    assert (NODE.text("text"), NODE.filled_text("text"), NODE.required_text("empty")) == ("x", "x", "")
    assert (NODE.boolean("flag"), NODE.integer("whole"), NODE.number("number")) == (True, 1, 0.5)
    assert NODE.node("node") == JsonNode({"a": [{}]}, "at.node")


def test_a_place_is_named_from_the_outside_in() -> None:
    node = NODE.node("node")
    assert node is not None
    assert [inner.path for inner in node.nodes("a")] == ["at.node.a[0]"]
    assert JsonNode({}).at("x") == "x"


def test_null_counts_as_absent() -> None:
    for name in ("null", "none"):
        assert (NODE.text(name), NODE.boolean(name), NODE.integer(name), NODE.number(name)) == (None,) * 4
        assert (NODE.node(name), NODE.nodes(name)) == (None, [])
        assert NODE.node_or_empty(name) == JsonNode({}, f"at.{name}")


def test_fields_that_are_not_known_and_say_something_are_named_by_their_places() -> None:
    assert list(JsonNode({"a": 1, "b": None, "c": False}, "at").unknown({"a"})) == ["at.c"]
    assert list(JsonNode({"a": None}).unknown(())) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda node: node.text("whole"),
        lambda node: node.filled_text("empty"),
        lambda node: node.required_node("none"),
        lambda node: node.filled_text("none"),
        lambda node: node.required_text("none"),
        lambda node: node.boolean("whole"),
        lambda node: node.integer("flag"),
        lambda node: node.integer("number"),
        lambda node: node.number("flag"),
        lambda node: node.node("text"),
        lambda node: node.nodes("node"),
    ],
)
def test_another_type_is_refused_by_the_field_s_name(read: Callable[[JsonNode], object]) -> None:
    with pytest.raises(Failure) as caught:
        read(NODE)
    assert (caught.value.param or "").startswith("at.")
    assert (caught.value.param or "") in caught.value.message


def test_a_list_of_strings_holds_nothing_else() -> None:
    assert JsonNode({"a": ["x", ""]}).texts("a") == ["x", ""]
    assert JsonNode({}).texts("a") == []
    values: tuple[object, ...] = (["x", 1], ["x", None], "x", {})
    for value in values:
        with pytest.raises(Failure) as caught:
            JsonNode({"a": value}, "at").texts("a")
        assert caught.value.param == "at.a"


def test_a_number_that_no_float_can_hold_is_refused() -> None:
    with pytest.raises(Failure, match="out of range"):
        JsonNode({"a": 10**400}).number("a")
