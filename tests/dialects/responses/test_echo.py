from typing import Any

import msgspec
import pytest

from passenger.chat import Grammar, Prompt, Reasoning, Schema, Stamp, Tool, ToolChoice
from passenger.dialects.responses.echo import echo

STAMP = Stamp("ab" * 16, 1790000000)


def echoed(**fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(echo(Prompt("m", (), **fields), STAMP)))
    return found


NEEDED = {
    "id",
    "object",
    "created_at",
    "model",
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
    "background",
}


def test_every_field_that_sdks_read_is_there() -> None:
    assert set(echoed()) >= NEEDED
    assert (echoed()["object"], echoed()["created_at"], echoed()["store"]) == ("response", 1790000000, False)


def test_what_was_asked_is_repeated() -> None:
    said = echoed(limit=9, temperature=0.5, top_p=0.9, parallel=False, user="me", verbosity="low", cache_key="k")
    assert (said["max_output_tokens"], said["temperature"], said["top_p"]) == (9, 0.5, 0.9)
    assert (said["parallel_tool_calls"], said["user"], said["prompt_cache_key"]) == (False, "me", "k")
    assert said["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert echoed(reasoning=Reasoning("low", show=True))["reasoning"] == {"effort": "low", "summary": "auto"}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [(None, "text"), (Schema(None), "json_object"), (Schema({"type": "object"}, "n"), "json_schema")],
)
def test_the_format_is_repeated(schema: Schema | None, kind: str) -> None:
    assert echoed(schema=schema)["text"]["format"]["type"] == kind


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (None, "auto"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("f",)), {"type": "function", "name": "f"}),
        (
            ToolChoice("auto", ("f",)),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        ),
    ],
)
def test_the_choice_is_repeated(choice: ToolChoice | None, said: object) -> None:
    assert echoed(tool_choice=choice)["tool_choice"] == said


def test_tools_are_repeated_with_their_namespaces_and_grammars() -> None:
    grammar = Grammar("lark", "start: /x/")
    tools = (Tool("a", namespace="n"), Tool("b", namespace="n"), Tool("c", custom=True, grammar=grammar))
    space, custom = echoed(tools=tools)["tools"]
    assert [tool["name"] for tool in space["tools"]] == ["a", "b"]
    assert custom["format"] == {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
