import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import Grammar, Message, Prompt, ReasoningConfig, Schema, Text, Tool, ToolChoice
from passenger.chat.web_search import SearchLocation, SearchTool
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai.chat.request_in import read_choice, read_tools
from passenger.errors import Failure, Kind
from passenger.jsontext.node import JsonNode

GO = Message("user", (Text("go"),))


def read(**fields: object) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": "go"}], **fields}
    return completions.INBOUND.read_prompt(Request(json.dumps(body).encode()))


def refused(**fields: object) -> Failure:
    with pytest.raises(Failure) as caught:
        read(**fields)
    assert caught.value.kind is Kind.INVALID
    return caught.value


def test_a_web_search_is_read_with_where_the_person_is() -> None:
    place = {"type": "approximate", "approximate": {"country": "DE", "city": "Berlin"}}
    asked = read(web_search_options={"user_location": place, "search_context_size": "low"})
    location = SearchLocation("Berlin", country="DE")
    assert asked.web_search == SearchTool(location=location, only=True, field="web_search_options")
    assert asked.dropped == ()
    assert without_search(asked).dropped == ("web_search_options",)
    assert read().web_search is None


def test_the_least_request_is_a_model_and_what_is_said() -> None:
    assert read() == Prompt("m", (GO,), wants_usage=False)


@pytest.mark.parametrize(
    ("field", "value", "name", "read_as"),
    [
        ("stream", True, "stream", True),
        ("parallel_tool_calls", False, "parallel", False),
        ("max_tokens", 5, "limit", 5),
        ("max_completion_tokens", 5, "limit", 5),
        ("temperature", 1, "temperature", 1.0),
        ("top_p", 0.5, "top_p", 0.5),
        ("top_k", 5, "top_k", 5),
        ("stop", "END", "stop", ("END",)),
        ("stop", ["END", "\n"], "stop", ("END", "\n")),
        ("stop", [], "stop", ()),
        ("seed", 10**30, "seed", 10**30),
        ("presence_penalty", -1, "presence_penalty", -1.0),
        ("frequency_penalty", 0.5, "frequency_penalty", 0.5),
        ("verbosity", "low", "verbosity", "low"),
        ("user", "u", "user", "u"),
        ("safety_identifier", "u", "user", "u"),
        ("prompt_cache_key", "k", "cache_key", "k"),
        ("stream_options", {"include_usage": True}, "wants_usage", True),
        ("response_format", {"type": "json_object"}, "schema", Schema(None)),
        ("reasoning_effort", "low", "reasoning", ReasoningConfig("low")),
    ],
)
def test_each_field_is_read(field: str, value: object, name: str, read_as: object) -> None:
    prompt = read(**{field: value})
    assert getattr(prompt, name) == read_as
    assert prompt.dropped == ()
    assert read(**{field: None}) == read()


def test_tools_and_messages_are_read() -> None:
    prompt = read(tools=[{"type": "function", "function": {"name": "f"}}], tool_choice="required")
    assert prompt.tools == (Tool("f", schema={"type": "object", "properties": {}}),)
    assert (prompt.tool_choice, prompt.messages) == (ToolChoice("required"), (GO,))


def test_the_newer_name_of_a_field_wins() -> None:
    assert read(max_tokens=5, max_completion_tokens=6).limit == 6
    assert read(max_tokens=5, max_completion_tokens=None).limit == 5
    assert read(user="u", safety_identifier="s").user == "u"


def test_a_lone_surrogate_becomes_a_replacement() -> None:
    assert read(user="\ud800", messages=[{"role": "user", "content": "a\ud800"}]).messages[0].parts == (
        Text("a\ufffd"),
    )


# --- the shape of the answer -------------------------------------------------------------------------------------

OBJECT = {"type": "object"}


@pytest.mark.parametrize(
    ("said", "schema"),
    [
        ({}, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, Schema(None)),
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": OBJECT}}, Schema(OBJECT, "n")),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": OBJECT, "strict": True, "description": "d"},
            },
            Schema(OBJECT, "n", strict=True, description="d"),
        ),
        ({"type": "json_schema", "json_schema": {}}, Schema({}, "answer")),
    ],
)
def test_the_shape_of_the_answer_is_text_json_or_a_schema(said: object, schema: Schema | None) -> None:
    assert read(response_format=said).schema == schema


# --- how much to think -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning_effort": "none"}, ReasoningConfig("none")),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, ReasoningConfig("low")),
        ({"reasoning": {"effort": "high"}}, ReasoningConfig("high")),
        ({"reasoning": {"effort": "high", "summary": "auto"}}, ReasoningConfig("high", show=True)),
        ({"reasoning": {}}, None),
        ({"thinking_budget": 2000}, ReasoningConfig(budget=2000)),
        ({"thinking_budget": 0}, ReasoningConfig(budget=0)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, ReasoningConfig(budget=2000)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "thinking_budget": 1}, ReasoningConfig(budget=1)),
        ({"thinking": {"type": "adaptive"}}, ReasoningConfig()),
        ({"thinking": {"type": "disabled"}, "reasoning_effort": "high"}, ReasoningConfig("none")),
        ({"thinking": {}}, None),
    ],
)
def test_how_much_to_think_is_read_in_the_words_of_each_vendor(
    fields: dict[str, object], reasoning: ReasoningConfig | None
) -> None:
    prompt = read(**fields)
    assert (prompt.reasoning, prompt.dropped) == (reasoning, ())


# --- what is left out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"store": True, "metadata": {"a": "b"}, "service_tier": "flex"}, ("store", "metadata", "service_tier")),
        ({"logprobs": True, "top_logprobs": 0, "logit_bias": {"1": 2}}, ("logprobs", "top_logprobs", "logit_bias")),
        ({"prediction": {"type": "content"}, "new field": 0}, ("prediction", "new field")),
        ({"store": False, "logprobs": False, "modalities": ["text"], "service_tier": "auto"}, ()),
        ({"store": None, "metadata": {}, "functions": [], "n": 1}, ()),
        ({"functions": [{"name": "f"}]}, ("functions",)),
        ({"reasoning": {"effort": "low", "exclude": True}}, ("reasoning.exclude",)),
        ({"thinking": {"type": "adaptive", "display": "omitted"}}, ("thinking.display",)),
        (
            {"messages": [{"role": "user", "content": "go", "name": "Ada"}] * 2, "store": True},
            ("store", "messages.name"),
        ),
    ],
)
def test_what_only_tunes_is_left_out_and_named(fields: dict[str, object], dropped: tuple[str, ...]) -> None:
    assert read(**fields).dropped == dropped


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 9}, "n"),
        ({"n": 0}, "n"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x"}}, "modalities"),
        ({"modalities": 5}, "modalities"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"stop": 5}, "stop"),
        ({"stop": [5]}, "stop"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 10**400}, "temperature"),
        ({"seed": "x"}, "seed"),
        ({"user": 5}, "user"),
        ({"stream": 1}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
        ({"model": 5}, "model"),
        ({"messages": "hi"}, "messages"),
        ({"messages": []}, "messages"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "grammar"}}, "response_format.type"),
        ({"response_format": {"json_schema": {}}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": 5}}},
            "response_format.json_schema.schema",
        ),
        ({"reasoning_effort": 5}, "reasoning_effort"),
        ({"reasoning": "low"}, "reasoning"),
        ({"reasoning": {"effort": 5}}, "reasoning.effort"),
        ({"thinking": True}, "thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": "x"}}, "thinking.budget_tokens"),
        ({"thinking_budget": "x"}, "thinking_budget"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": "required"}, "tool_choice"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_name(fields: dict[str, object], param: str) -> None:
    assert refused(**fields).param == param


# --- the law -----------------------------------------------------------------------------------------------------

FUNCTION: dict[str, Any] = {"name": "f", "description": "d", "parameters": {}, "strict": True}
CALL: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
IMAGE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}
WHOLE: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": FUNCTION, "copilot_cache_control": {"type": "ephemeral"}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": True,
    "max_tokens": 5,
    "max_completion_tokens": 5,
    "temperature": 1,
    "top_p": 1,
    "top_k": 1,
    "stop": ["END"],
    "seed": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
    "reasoning_effort": "low",
    "reasoning": {"effort": "low", "summary": "auto"},
    "thinking_budget": 5,
    "thinking": {"type": "enabled", "budget_tokens": 5},
    "verbosity": "low",
    "user": "u",
    "n": 1,
    "modalities": ["text"],
    "functions": [FUNCTION],
    "function_call": "auto",
}
SPOKEN: dict[str, Any] = {
    "role": "assistant",
    "content": [{"type": "text", "text": "a"}, IMAGE],
    "refusal": "no",
    "tool_calls": [CALL, {"id": "c2", "type": "custom", "custom": {"name": "f", "input": "x"}}],
    "function_call": {"name": "f", "arguments": "{}"},
    "tool_call_id": "c1",
    "name": "f",
    "reasoning_text": "hm",
    "reasoning_opaque": "x",
    "audio": None,
}
WORDS = (
    "system",
    "user",
    "tool",
    "function",
    "text",
    "file",
    "custom",
    "required",
    "json_object",
    "disabled",
    "\ud800",
)
DEEPER = (
    "type",
    "text",
    "image_url",
    "url",
    "file",
    "file_data",
    "id",
    "function",
    "name",
    "arguments",
    "custom",
    "mode",
)
NAMES = st.sampled_from([*WHOLE, *SPOKEN, *DEEPER])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(WORDS))
SMALL = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(NAMES, LEAVES, max_size=3)
VALUES = SMALL | st.lists(SMALL, max_size=2) | st.dictionaries(NAMES, SMALL, max_size=4)


def odd(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Something well formed, with one or two things in it that may be anything."""
    changes = st.dictionaries(st.sampled_from([*whole]), VALUES, max_size=2)
    return changes.map(lambda changed: {**whole, **changed})


TALK = st.lists(odd(SPOKEN), min_size=1, max_size=2)
BODIES = st.builds(lambda body, talk: {"messages": talk, **body}, odd(WHOLE), TALK) | st.dictionaries(NAMES, VALUES)


@given(BODIES)
def test_whatever_comes_is_read_or_refused(body: dict[str, Any]) -> None:
    try:
        prompt = completions.INBOUND.read_prompt(Request(json.dumps(body).encode()))
    except Failure as failure:
        assert failure.kind is Kind.INVALID  # noqa: PT017 - either outcome is right
        return
    assert prompt.messages
    assert len(set(prompt.dropped)) == len(prompt.dropped)


@given(st.binary())
def test_whatever_bytes_come_are_refused(body: bytes) -> None:
    with pytest.raises(Failure):
        completions.INBOUND.read_prompt(Request(body))


# --- tools -------------------------------------------------------------------------------------------------------


JSON = dict[str, Any]
SCHEMA: JSON = {"type": "object", "properties": {"a": {"type": "string"}}}
EMPTY: JSON = {"type": "object", "properties": {}}
CACHE = {"cache_control": {"type": "ephemeral"}}


def function(name: str = "f", **fields: object) -> JSON:
    return {"type": "function", "function": {"name": name, **fields}}


def custom(name: str = "exec", **fields: object) -> JSON:
    return {"type": "custom", "custom": {"name": name, **fields}}


# --- tools -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "read"),
    [
        (function(), Tool("f", schema=EMPTY)),
        (function(parameters=None, description=None, strict=None), Tool("f", schema=EMPTY)),
        (function(parameters=SCHEMA, description="does", strict=True), Tool("f", "does", SCHEMA, strict=True)),
        ({"function": {"name": "f"}}, Tool("f", schema=EMPTY)),
        ({**function(), **CACHE}, Tool("f", schema=EMPTY, cache=True)),
        ({**function(), "copilot_cache_control": {"type": "ephemeral"}}, Tool("f", schema=EMPTY, cache=True)),
        (custom(), Tool("exec", custom=True)),
        (custom(description="runs", format={"type": "text"}), Tool("exec", "runs", custom=True)),
        (
            custom(format={"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}}),
            Tool("exec", custom=True, grammar=Grammar("lark", "start: A")),
        ),
        ({**custom(), **CACHE}, Tool("exec", custom=True, cache=True)),
    ],
)
def test_tools_are_functions_or_custom(tool: JSON, read: Tool) -> None:
    assert read_tools(JsonNode({"tools": [tool]})) == (read,)


@pytest.mark.parametrize("body", [{}, {"tools": None}, {"tools": [], "functions": None}])
def test_there_may_be_none(body: JSON) -> None:
    assert read_tools(JsonNode(body)) == ()


def test_functions_of_older_clients_are_tools_too() -> None:
    body = {"tools": [function("a")], "functions": [{"name": "b", "description": "does", "parameters": SCHEMA}]}
    assert read_tools(JsonNode(body)) == (Tool("a", schema=EMPTY), Tool("b", "does", SCHEMA))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"functions": {}}, "functions"),
        ({"tools": [function(), 5]}, "tools[1]"),
        ({"functions": [5]}, "functions[0]"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": None}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"tools": [function(description=5)]}, "tools[0].function.description"),
        ({"tools": [function(parameters=[])]}, "tools[0].function.parameters"),
        ({"tools": [function(strict="yes")]}, "tools[0].function.strict"),
        ({"functions": [{}]}, "functions[0].name"),
        ({"tools": [{"type": "custom"}]}, "tools[0].custom"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0].custom.name"),
        ({"tools": [custom(format=5)]}, "tools[0].custom.format"),
        ({"tools": [custom(format={"grammar": 5})]}, "tools[0].custom.format.grammar"),
        ({"tools": [custom(format={"grammar": {}})]}, "tools[0].custom.format.grammar.syntax"),
    ],
)
def test_a_tool_at_fault_is_refused_by_its_place(body: JSON, param: str) -> None:
    with pytest.raises(Failure) as caught:
        read_tools(JsonNode(body))
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, param)


# --- which may be called -----------------------------------------------------------------------------------------

TOOLS = (Tool("f", schema=EMPTY), Tool("exec", custom=True))


def allowed(mode: object, *tools: object) -> JSON:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


@pytest.mark.parametrize("field", ["tool_choice", "function_call"])
@pytest.mark.parametrize(
    ("said", "choice"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        (function("f"), ToolChoice("required", ("f",))),
        (custom("exec"), ToolChoice("required", ("exec",))),
        ({"name": "f"}, ToolChoice("required", ("f",))),
        (allowed("auto", function("f")), ToolChoice("auto", ("f",))),
        (allowed("required", function("f"), custom("exec")), ToolChoice("required", ("f", "exec"))),
    ],
)
def test_the_choice_is_a_word_a_tool_or_some(field: str, said: object, choice: ToolChoice | None) -> None:
    assert read_choice(JsonNode({field: said}), TOOLS) == choice


def test_the_newer_name_of_the_choice_wins() -> None:
    assert read_choice(JsonNode({"tool_choice": "none", "function_call": "auto"}), TOOLS) == ToolChoice("none")
    assert read_choice(JsonNode({"tool_choice": None, "function_call": "auto"}), TOOLS) == ToolChoice("auto")


@pytest.mark.parametrize(
    "said",
    [
        "any",
        5,
        [],
        {},
        {"type": "function"},
        function("g"),
        allowed("auto"),
        allowed("none", function("f")),
        allowed(["auto"], function("f")),
        allowed("auto", function("f"), {}),
        allowed("auto", function("g")),
        {"type": "allowed_tools"},
    ],
)
@pytest.mark.parametrize("field", ["tool_choice", "function_call"])
def test_a_choice_that_cannot_be_had_is_refused(field: str, said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_choice(JsonNode({field: said}), TOOLS)
    assert (caught.value.kind, caught.value.param) == (Kind.INVALID, field)


@pytest.mark.parametrize("said", ["required", function("f")])
def test_a_tool_cannot_be_demanded_where_there_is_none(said: object) -> None:
    with pytest.raises(Failure) as caught:
        read_choice(JsonNode({"tool_choice": said}), ())
    assert caught.value.param == "tool_choice"
    assert read_choice(JsonNode({"tool_choice": "auto"}), ()) == ToolChoice("auto")
