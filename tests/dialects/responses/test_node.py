from collections.abc import Callable

import pytest

from passenger.dialects.responses.node import Node
from passenger.errors import Failure

NODE = Node(
    {"text": "x", "empty": "", "flag": True, "whole": 1, "number": 0.5, "node": {"a": [{}]}, "null": None}, "at"
)


def test_each_type_is_read() -> None:
    assert (NODE.text("text"), NODE.word("text"), NODE.words("empty")) == ("x", "x", "")
    assert (NODE.flag("flag"), NODE.whole("whole"), NODE.number("number")) == (True, 1, 0.5)
    assert NODE.node("node") == Node({"a": [{}]}, "at.node")


def test_a_place_is_named_from_the_outside_in() -> None:
    node = NODE.node("node")
    assert node is not None
    assert [inner.path for inner in node.nodes("a")] == ["at.node.a[0]"]
    assert Node({}).at("x") == "x"


def test_null_counts_as_absent() -> None:
    for name in ("null", "none"):
        assert (NODE.text(name), NODE.flag(name), NODE.whole(name), NODE.number(name)) == (None,) * 4
        assert (NODE.node(name), NODE.nodes(name)) == (None, [])


@pytest.mark.parametrize(
    "read",
    [
        lambda node: node.text("whole"),
        lambda node: node.word("empty"),
        lambda node: node.word("none"),
        lambda node: node.words("none"),
        lambda node: node.flag("whole"),
        lambda node: node.whole("flag"),
        lambda node: node.whole("number"),
        lambda node: node.number("flag"),
        lambda node: node.node("text"),
        lambda node: node.nodes("node"),
    ],
)
def test_another_type_is_refused_by_the_field_s_name(read: Callable[[Node], object]) -> None:
    with pytest.raises(Failure) as caught:
        read(NODE)
    assert (caught.value.param or "").startswith("at.")
    assert (caught.value.param or "") in caught.value.message
