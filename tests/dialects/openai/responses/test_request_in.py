import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Grammar, ReasoningConfig, Schema, Text, Tool, ToolChoice
from passenger.chat.web_search import SearchLocation, SearchTool
from passenger.dialects import Request
from passenger.dialects.openai import responses
from passenger.errors import Failure, Kind
from tests.dialects.openai.responses.asking import prompt, refusal, unsearched

SHAPE = {"type": "object", "properties": {"n": {"type": "integer"}}}


def test_what_tunes_is_read() -> None:
    asked = prompt(
        stream=True,
        max_output_tokens=99,
        temperature=0.5,
        top_p=1,
        parallel_tool_calls=False,
        user="me",
        prompt_cache_key="key",
        text={"verbosity": "low"},
    )
    assert (asked.model, asked.stream, asked.limit) == ("gpt-5.5", True, 99)
    assert (asked.temperature, asked.top_p, asked.parallel) == (0.5, 1, False)
    assert (asked.user, asked.cache_key, asked.verbosity) == ("me", "key", "low")
    assert asked.dropped == ()


def test_what_is_not_said_is_not_known() -> None:
    asked = prompt(temperature=None, max_output_tokens=None, text=None, reasoning=None, tools=None)
    assert asked == prompt()
    assert (asked.limit, asked.temperature, asked.reasoning, asked.schema) == (None, None, None, None)


def test_the_safety_identifier_is_the_user_s_newer_name() -> None:
    assert prompt(safety_identifier="me").user == "me"


@pytest.mark.parametrize(
    ("form", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, Schema(None)),
        ({"type": "json_schema", "name": "n", "schema": SHAPE, "strict": True}, Schema(SHAPE, "n", strict=True)),
        ({"type": "json_schema", "schema": SHAPE, "description": "d"}, Schema(SHAPE, description="d")),
    ],
)
def test_the_shape_of_the_answer_is_read(form: dict[str, Any], schema: Schema | None) -> None:
    assert prompt(text={"format": form}).schema == schema


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        ({}, ReasoningConfig()),
        ({"effort": "high"}, ReasoningConfig("high")),
        ({"effort": None, "summary": "auto"}, ReasoningConfig(show=True)),
        ({"generate_summary": "concise"}, ReasoningConfig(show=True)),
        ({"effort": "none"}, ReasoningConfig("none")),
    ],
)
def test_how_much_to_think_is_read(given_: dict[str, Any], read: ReasoningConfig) -> None:
    assert prompt(reasoning=given_).reasoning == read


CODEX = {
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "client_metadata": {"x": "y"},
    "prompt_cache_key": "k",
    "service_tier": "auto",
    "truncation": "disabled",
    "metadata": {},
    "stream_options": {"include_obfuscation": False},
    "background": False,
    "previous_response_id": None,
}


def test_what_changes_no_answer_is_not_named() -> None:
    assert prompt(**CODEX).dropped == ()
    assert prompt(include=[], top_logprobs=0).dropped == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("store", True),
        ("service_tier", "flex"),
        ("truncation", "auto"),
        ("metadata", {"a": "b"}),
        ("include", ["message.output_text.logprobs"]),
        ("top_logprobs", 3),
        ("max_tool_calls", 2),
        ("context_management", [{"type": "compaction"}]),
        ("prompt_cache_retention", "24h"),
        ("something_new", 1),
    ],
)
def test_what_cannot_be_held_is_named(field: str, value: object) -> None:
    assert prompt(**{field: value}).dropped == (field,)


def test_a_field_within_another_is_named_with_it() -> None:
    asked = prompt(reasoning={"effort": "low", "context": "all_turns"}, text={"verbosity": "low", "new": 1})
    assert asked.dropped == ("reasoning.context", "text.new")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": 1}, "model"),
        ({"instructions": 1}, "instructions"),
        ({"stream": 1}, "stream"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"max_output_tokens": True}, "max_output_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": True}, "top_p"),
        ({"parallel_tool_calls": "yes"}, "parallel_tool_calls"),
        ({"user": 1}, "user"),
        ({"text": "x"}, "text"),
        ({"text": {"format": "x"}}, "text.format"),
        ({"text": {"format": {"type": "yaml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"text": {"verbosity": 1}}, "text.verbosity"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"effort": "hardest"}}, "reasoning.effort"),
        ({"tools": {}}, "tools"),
        ({"tools": ["f"]}, "tools[0]"),
    ],
)
def test_what_is_wrong_is_said_by_the_field_s_name(fields: dict[str, object], param: str) -> None:
    assert refusal(**fields).param == param


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    asked = responses.INBOUND.read_prompt(Request(rb'{"model":"m","input":"a\ud800b"}'))
    assert asked.messages[0].parts == (Text("a\ufffdb"),)


def test_integers_of_any_size_stay_exact() -> None:
    body = b'{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":{"n":%b}}]}' % (b"9" * 40)
    [tool] = responses.INBOUND.read_prompt(Request(body)).tools
    assert tool.schema == {"n": int("9" * 40)}


def test_a_number_that_no_json_can_hold_is_refused() -> None:
    with pytest.raises(Failure, match="out of range"):
        responses.INBOUND.read_prompt(Request(rb'{"model":"m","input":"\ud800","temperature":1e999}'))


NAMES = [
    "type", "role", "content", "output", "text", "name", "tools", "call_id", "arguments", "input", "format", "schema",
    "summary", "encrypted_content", "image_url", "file_data", "parameters",
]  # fmt: skip
WORDS = [
    "message", "user", "assistant", "input_text", "input_image", "input_file", "function_call", "function_call_output",
    "reasoning", "additional_tools", "function", "custom", "namespace", "data:,x", "\ud800", "json_schema", "required",
]  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    "model", "input", "instructions", "tools", "tool_choice", "text", "reasoning", "max_output_tokens", "temperature",
    "parallel_tool_calls", "user", "store", "include",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_no_json_raises_anything_but_a_failure_of_the_request(body: dict[str, Any]) -> None:
    raw = json.dumps({"model": "m", "input": "x", **body}).encode()
    kinds = set()
    try:
        msgspec.json.encode(
            responses.OUTBOUND.write_prompt(responses.INBOUND.read_prompt(Request(raw)), Capabilities()).body
        )
    except Failure as failure:
        kinds.add(failure.kind)
    assert kinds <= {Kind.INVALID}


# --- tools -----------------------------------------------------------------------------------------------------------


FUNCTION = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}
F = Tool("f", "d", {"type": "object"}, strict=True)
PATCH = {"type": "custom", "name": "patch"}
SPACE = {"type": "namespace", "name": "ns", "tools": [FUNCTION, PATCH]}
SEARCH = {"type": "web_search"}
EMPTY = {"type": "object", "properties": {}}


def test_a_function_is_a_tool() -> None:
    assert prompt(tools=[FUNCTION]).tools == (F,)
    assert prompt(tools=[{"type": "function", "name": "g", "parameters": None}]).tools == (Tool("g", schema=EMPTY),)


def test_a_custom_tool_takes_free_text_or_what_a_grammar_allows() -> None:
    form = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
    free, bound = prompt(tools=[{**PATCH, "format": {"type": "text"}}, {**PATCH, "format": form}]).tools
    assert free == Tool("patch", custom=True)
    assert bound == Tool("patch", custom=True, grammar=Grammar("lark", "start: /.+/"))


def test_the_tools_of_a_namespace_have_it() -> None:
    asked = prompt(tools=[{**SPACE, "description": "Things."}])
    assert [(tool.namespace, tool.name) for tool in asked.tools] == [("ns", "f"), ("ns", "patch")]
    assert asked.dropped == ("tools[ns].description",)
    assert prompt(tools=[SPACE]).dropped == ()


def test_tools_may_come_within_the_input() -> None:
    added = {"type": "additional_tools", "role": "developer", "tools": [SPACE]}
    asked = prompt(tools=[FUNCTION], input=[added, {"role": "user", "content": "hi"}])
    assert len(asked.tools) == 3
    assert len(asked.messages) == 1


def test_tools_that_a_search_found_are_tools() -> None:
    found = {"type": "tool_search_output", "call_id": "c", "tools": [FUNCTION]}
    assert prompt(input=[found]).tools == (F,)


def test_a_tool_that_openai_runs_is_left_out_by_name() -> None:
    assert unsearched(tools=[FUNCTION, SEARCH, SEARCH]).dropped == ("tools[web_search]",)
    assert unsearched(tools=[FUNCTION, SEARCH]).tools == (F,)
    assert prompt(tools=[FUNCTION, {"type": "mcp"}]).dropped == ("tools[mcp]",)


@pytest.mark.parametrize("kind", ["web_search", "web_search_2025_08_26", "web_search_preview"])
def test_a_search_is_read_with_what_bounds_it(kind: str) -> None:
    place = {"type": "approximate", "city": "Berlin", "country": "DE", "region": None, "timezone": "Europe/Berlin"}
    filters = {"allowed_domains": ["a.example"]}
    tool = {"type": kind, "user_location": place, "filters": filters, "external_web_access": False}
    beside = prompt(tools=[FUNCTION, tool])
    assert beside.web_search == SearchTool(
        allowed_domains=("a.example",),
        location=SearchLocation("Berlin", None, "DE", "Europe/Berlin"),
        live=False,
        field=f"tools[{kind}]",
    )
    assert (beside.tools, beside.dropped) == ((F,), ())


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [SEARCH]},
        {"tools": [SEARCH], "tool_choice": "required"},
        {"tools": [SEARCH], "tool_choice": SEARCH},
        {"tools": [FUNCTION, SEARCH], "tool_choice": SEARCH},
    ],
)
def test_a_search_that_is_all_there_is_or_is_required_is_the_only_one(fields: dict[str, object]) -> None:
    asked = prompt(**fields)
    assert asked.web_search is not None
    assert asked.web_search.only
    assert asked.tool_choice is None
    assert refusal(**fields).code == "unsupported_value"


@pytest.mark.parametrize("kind", ["web_search", "file_search", "code_interpreter", "image_generation", "mcp", "shell"])
def test_a_tool_that_openai_runs_is_refused_where_it_is_the_only_one(kind: str) -> None:
    failure = refusal(tools=[{"type": kind}])
    assert failure.param == "tools"
    assert kind in failure.message


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "f"}, ToolChoice("required", ("f",))),
        ({"type": "custom", "name": "patch"}, ToolChoice("required", ("patch",))),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}, SEARCH]},
            ToolChoice("auto", ("f",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [FUNCTION, PATCH]},
            ToolChoice("required", ("f", "patch")),
        ),
    ],
)
def test_the_choice_is_read(choice: object, read: ToolChoice | None) -> None:
    assert prompt(tools=[FUNCTION, PATCH], tool_choice=choice).tool_choice == read


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ("any", "tool_choice"),
        (1, "tool_choice"),
        ({"type": "web_search"}, "tool_choice"),
        ({"type": "mcp", "server_label": "x"}, "tool_choice"),
        ({"type": "function"}, "tool_choice.name"),
        ({"type": "function", "name": "g"}, "tool_choice.name"),
        ({"type": "allowed_tools", "tools": []}, "tool_choice.tools"),
        ({"type": "allowed_tools", "tools": [SEARCH]}, "tool_choice.tools"),
        ({"type": "allowed_tools", "mode": "none", "tools": [FUNCTION]}, "tool_choice.mode"),
        ({"type": "allowed_tools", "tools": [{"type": "function", "name": "g"}]}, "tool_choice.tools[0].name"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(choice: object, param: str) -> None:
    assert refusal(tools=[FUNCTION, SEARCH], tool_choice=choice).param == param


def test_a_tool_cannot_be_required_where_there_is_none() -> None:
    assert refusal(tool_choice="required").param == "tool_choice"


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ({}, "tools[0].type"),
        ({"type": "function"}, "tools[0].name"),
        ({"type": "function", "name": "f", "parameters": []}, "tools[0].parameters"),
        ({"type": "function", "name": "f", "strict": "yes"}, "tools[0].strict"),
        ({"type": "namespace", "tools": []}, "tools[0].name"),
        ({"type": "namespace", "name": "n", "tools": [{"type": "function"}]}, "tools[0].tools[0].name"),
        ({"type": "custom", "name": "c", "format": "text"}, "tools[0].format"),
        ({"type": "custom", "name": "c", "format": {"type": "grammar"}}, "tools[0].format.syntax"),
    ],
)
def test_what_is_wrong_with_a_tool_is_said_by_the_field_s_name(tool: dict[str, Any], param: str) -> None:
    assert refusal(tools=[tool]).param == param
