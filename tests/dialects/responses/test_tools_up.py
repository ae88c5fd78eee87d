import pytest

from passenger.chat import Grammar, Tool, ToolChoice
from passenger.dialects.responses.tools_up import Names, write_choice, write_tools

SHAPE = {"type": "object", "properties": {"n": {"type": "integer"}}}


def test_a_function_says_that_it_is_not_strict_where_nobody_asked_for_it() -> None:
    [tool] = write_tools([Tool("f", "d", SHAPE)])
    assert tool == {"type": "function", "name": "f", "description": "d", "parameters": SHAPE, "strict": False}
    assert write_tools([Tool("f", strict=True)])[0]["strict"] is True
    assert write_tools([Tool("f")])[0]["parameters"] == {"type": "object", "properties": {}}


def test_a_custom_tool_keeps_its_grammar() -> None:
    free, bound = write_tools([Tool("a", custom=True), Tool("b", custom=True, grammar=Grammar("lark", "start: /x/"))])
    assert free == {"type": "custom", "name": "a", "format": {"type": "text"}}
    assert bound["format"] == {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}


def test_the_tools_of_a_namespace_stand_together() -> None:
    tools = [Tool("a", namespace="n"), Tool("b"), Tool("c", namespace="n")]
    space, function = write_tools(tools)
    assert (space["type"], space["name"]) == ("namespace", "n")
    assert [tool["name"] for tool in space["tools"]] == ["a", "c"]
    assert function["name"] == "b"


def test_a_name_that_is_not_taken_is_changed_the_same_way_each_time() -> None:
    [tool] = write_tools([Tool("a.b/c")])
    assert set(tool["name"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert Names([Tool("a.b/c")]).meant(tool["name"], None).name == "a.b/c"


def test_a_namespace_whose_name_was_changed_is_found_again() -> None:
    names = Names([Tool("f", namespace="my.space")])
    name, space = names.sent("f", "my.space")
    assert (name, names.sent("f", None)) == ("f", ("f", space))
    assert names.meant(name, space).namespace == "my.space"


def test_a_tool_of_no_namespace_comes_before_one_that_has_its_name() -> None:
    names = Names([Tool("f", namespace="n"), Tool("f")])
    assert names.sent("f", None) == ("f", None)
    assert names.meant("f", None) == Tool("f")
    assert names.meant("f", "n") == Tool("f", namespace="n")


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("none", ("f",)), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("f",)), {"type": "function", "name": "f"}),
        (ToolChoice("required", ("c",)), {"type": "custom", "name": "c"}),
        (
            ToolChoice("auto", ("f",)),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        ),
        (
            ToolChoice("required", ("f", "c")),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}],
            },
        ),
    ],
)
def test_the_choice_is_written(choice: ToolChoice, written: object) -> None:
    assert write_choice(choice, [Tool("f"), Tool("c", custom=True)]) == written
