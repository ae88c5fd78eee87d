import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat import Message, Prompt, Reasoning, Schema, Text, Tool, ToolChoice
from passenger.dialects import Request, completions
from passenger.errors import Failure, Kind

GO = Message("user", (Text("go"),))


def read(**fields: object) -> Prompt:
    body = {"model": "m", "messages": [{"role": "user", "content": "go"}], **fields}
    return completions.read_prompt(Request(json.dumps(body).encode()))


def refused(**fields: object) -> Failure:
    with pytest.raises(Failure) as caught:
        read(**fields)
    assert caught.value.kind is Kind.INVALID
    return caught.value


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
        ("reasoning_effort", "low", "reasoning", Reasoning("low")),
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
        ({"reasoning_effort": "none"}, Reasoning("none")),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, Reasoning("low")),
        ({"reasoning": {"effort": "high"}}, Reasoning("high")),
        ({"reasoning": {"effort": "high", "summary": "auto"}}, Reasoning("high", show=True)),
        ({"reasoning": {}}, None),
        ({"thinking_budget": 2000}, Reasoning(budget=2000)),
        ({"thinking_budget": 0}, Reasoning(budget=0)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Reasoning(budget=2000)),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "thinking_budget": 1}, Reasoning(budget=1)),
        ({"thinking": {"type": "adaptive"}}, Reasoning()),
        ({"thinking": {"type": "disabled"}, "reasoning_effort": "high"}, Reasoning("none")),
        ({"thinking": {}}, None),
    ],
)
def test_how_much_to_think_is_read_in_the_words_of_each_vendor(
    fields: dict[str, object], reasoning: Reasoning | None
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
        prompt = completions.read_prompt(Request(json.dumps(body).encode()))
    except Failure as failure:
        assert failure.kind is Kind.INVALID  # noqa: PT017 - either outcome is right
        return
    assert prompt.messages
    assert len(set(prompt.dropped)) == len(prompt.dropped)


@given(st.binary())
def test_whatever_bytes_come_are_refused(body: bytes) -> None:
    with pytest.raises(Failure):
        completions.read_prompt(Request(body))
