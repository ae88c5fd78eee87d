import json
from typing import Any

import msgspec
import pytest

from passenger.chat.events import AnswerIdentity
from passenger.chat.prompt import Grammar, Prompt, ReasoningConfig, Schema, Tool, ToolChoice
from passenger.dialects.openai.responses.response_object import (
    DEFAULTS,
    PREFIXES,
    complete_object,
    item_id,
    response_id,
    response_object,
)

FULL: dict[str, Any] = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 2},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
}


def completed(response: bytes) -> dict[str, Any]:
    fields = msgspec.json.decode(response, type=dict[str, msgspec.Raw])
    complete_object(fields, {})
    document: dict[str, Any] = json.loads(msgspec.json.encode(fields))
    return document


def test_what_is_missing_is_added_and_what_is_there_stays() -> None:
    response = completed(b'{"id":"resp_1","top_logprobs":3,"prompt_cache_key":"k","metadata":null}')
    assert set(response) == {"id", *DEFAULTS}
    assert (response["top_logprobs"], response["prompt_cache_key"], response["metadata"]) == (3, "k", None)
    assert (response["presence_penalty"], response["max_tool_calls"]) == (0, None)


def test_a_usage_that_has_its_counts_keeps_its_bytes() -> None:
    raw = json.dumps(FULL, indent=1).encode()
    fields = {"usage": msgspec.Raw(raw)}
    complete_object(fields, {})
    assert bytes(fields["usage"]) == raw


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 7, "output_tokens": 3},
        {"input_tokens": 7, "input_tokens_details": None, "output_tokens": 3, "output_tokens_details": {}},
        {"input_tokens": 7, "input_tokens_details": "odd", "output_tokens": 3},
    ],
)
def test_counts_that_nobody_told_of_are_zeros(usage: dict[str, Any]) -> None:
    assert completed(json.dumps({"usage": usage}).encode())["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
    }


@pytest.mark.parametrize("usage", [b"null", b'"odd"', b"[]"])
def test_no_usage_stays_none(usage: bytes) -> None:
    assert completed(b'{"usage":%b}' % usage)["usage"] == json.loads(usage)


# --- ids -------------------------------------------------------------------------------------------------------------


ID = response_id(AnswerIdentity("ab" * 16, 0))


def test_an_id_is_a_function_of_the_answer_and_the_place() -> None:
    assert item_id(ID, 0, "message") == item_id(ID, 0, "message")
    assert item_id(ID, 0, "message") != item_id(ID, 1, "message")
    assert item_id(ID, 0, "message") != item_id("resp_other", 0, "message")


def test_each_type_has_openai_s_prefix() -> None:
    assert ID.startswith("resp_")
    for kind, prefix in PREFIXES.items():
        assert item_id(ID, 0, kind).startswith(f"{prefix}_")
    assert item_id(ID, 0, "something_new").startswith("item_")


# --- written here ----------------------------------------------------------------------------------------------------


STAMP = AnswerIdentity("ab" * 16, 1790000000)


def echoed(**fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(response_object(Prompt("m", (), **fields), STAMP)))
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
    assert echoed(reasoning=ReasoningConfig("low", show=True))["reasoning"] == {"effort": "low", "summary": "auto"}


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
