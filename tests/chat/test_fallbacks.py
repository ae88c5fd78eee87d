import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.fallbacks import (
    INPUT_SCHEMA,
    describe_tool,
    forced_tool,
    mentions_json,
    offered_tools,
    unwrap_input,
    without_search,
    wrap_input,
)
from passenger.chat.prompt import Grammar, Message, Prompt, Text, Tool, ToolChoice
from passenger.chat.web_search import SearchRefusal, SearchTool
from passenger.errors import Failure, Kind

F, G, H = Tool("f"), Tool("g"), Tool("h")


def test_a_search_that_nobody_makes_is_named_once_or_refused() -> None:
    plain = Prompt("m", (), dropped=("a",))
    assert without_search(plain) is plain
    offered = Prompt("m", (), web_search=SearchTool(field="search"), dropped=("a",))
    left = without_search(offered)
    assert (left.web_search, left.dropped) == (None, ("a", "search"))
    refusal = SearchRefusal("no search", "tools", "unsupported_value")
    with pytest.raises(Failure, match="no search") as caught:
        without_search(Prompt("m", (), web_search=SearchTool(refusal=refusal)))
    assert (caught.value.kind, caught.value.param, caught.value.code) == (Kind.INVALID, "tools", "unsupported_value")


@pytest.mark.parametrize(
    ("choice", "left", "forced"),
    [
        (None, (F, G, H), None),
        (ToolChoice("auto"), (F, G, H), None),
        (ToolChoice("required"), (F, G, H), None),
        (ToolChoice("required", ("g",)), (F, G, H), "g"),
        (ToolChoice("required", ("x",)), (), "x"),
        (ToolChoice("required", ("f", "h")), (F, H), None),
        (ToolChoice("auto", ("h", "f")), (F, H), None),
        (ToolChoice("auto", ("g",)), (G,), None),
    ],
)
def test_only_the_tools_that_may_be_called_are_offered_unless_one_is_forced(
    choice: ToolChoice | None, left: tuple[Tool, ...], forced: str | None
) -> None:
    assert offered_tools(Prompt("m", (), tools=(F, G, H), tool_choice=choice)) == left
    assert forced_tool(choice) == forced


def test_a_grammar_is_described_in_words_and_named() -> None:
    dropped: list[str] = []
    grammar = Grammar("lark", "start: A")
    assert describe_tool(Tool("a", "does"), dropped) == "does"
    assert describe_tool(Tool("a"), dropped) is None
    assert dropped == []
    rule = "`input` must match this lark grammar:\nstart: A"
    assert describe_tool(Tool("a", "does", custom=True, grammar=grammar), dropped) == f"does\n\n{rule}"
    assert describe_tool(Tool("b", custom=True, grammar=grammar), dropped) == rule
    assert dropped == ["tools[a].format (in words)", "tools[b].format (in words)"]


@given(st.text())
def test_a_wrapped_text_is_what_the_schema_describes(text: str) -> None:
    arguments = wrap_input(text)
    assert arguments.keys() == INPUT_SCHEMA["properties"].keys() == {*INPUT_SCHEMA["required"]}
    assert unwrap_input(json.dumps(arguments)) == text


TEXTS = st.text(max_size=20)


@given(TEXTS, st.booleans())
def test_a_free_text_is_unwrapped_as_far_as_it_has_come(text: str, ascii_only: bool) -> None:
    written = json.dumps({"input": text}, ensure_ascii=ascii_only)
    assert unwrap_input(written) == text
    found = [unwrap_input(written[:cut]) for cut in range(len('{"input": "'), len(written) - 1)]
    assert all(text.startswith(one.rstrip("\ufffd")) for one in found)
    assert [len(one) for one in found] == sorted(len(one) for one in found)
    assert found[-1] == text


def test_a_free_text_with_raw_control_characters_is_unwrapped() -> None:
    assert unwrap_input('{"input": "a\nb\tc"}') == "a\nb\tc"
    assert unwrap_input('{"input": "a\nb') == "a\nb"
    assert unwrap_input('{"other": "a') == '{"other": "a'


@pytest.mark.parametrize(
    ("parts", "expected"),
    [([Text("as JSON")], True), ([Text("a"), Text("in json, please")], True), ([Text("a")], False), ([], False)],
)
def test_a_conversation_mentions_json_in_any_of_its_texts(parts: list[Any], expected: bool) -> None:
    assert mentions_json(Prompt("m", (Message("user", ()), Message("system", tuple(parts))))) is expected
