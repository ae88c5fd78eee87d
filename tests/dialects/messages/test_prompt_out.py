import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat import (
    Abilities,
    Grammar,
    Image,
    Message,
    Part,
    Prompt,
    Reasoning,
    Role,
    Schema,
    Seal,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Written,
)
from passenger.copilot.models import Model, read_models
from passenger.dialects import Request, messages
from passenger.dialects.messages.prompt_out import JSON_ONLY
from passenger.errors import Failure
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.messages.history import check_history
from passenger.simulator.messages.schema import FIELDS, check_schema
from passenger.simulator.messages.thinking import check_thinking
from passenger.simulator.messages.tools import check_tools

ABLE = Abilities("anthropic", 64000, adaptive=True, efforts=("low", "high"))
GO = (Message("user", (Text("go"),)),)


def written(able: Abilities = ABLE, said: tuple[Message, ...] = GO, **fields: Any) -> Written:
    return messages.write_prompt(Prompt("claude-opus-5", said, **fields), able)


def test_the_least_prompt_is_a_stream_with_a_limit() -> None:
    assert written() == Written(
        {
            "model": "claude-opus-5",
            "max_tokens": 64000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "go"}]}],
            "stream": True,
        }
    )


def test_breakpoints_are_set_where_they_pay() -> None:
    said = (Message("system", (Text("be brief. " * 400),)), *GO)
    able = replace(ABLE, least_cached=1024)
    assert msgspec.json.encode(written(able, said, tools=(Tool("f"),)).body).count(b"cache_control") == 3
    assert b"cache_control" not in msgspec.json.encode(written(able, said).body)
    assert b"cache_control" not in msgspec.json.encode(written(ABLE, said, tools=(Tool("f"),)).body)


@pytest.mark.parametrize(
    ("limit", "most", "sent"),
    [(None, None, 4096), (None, 64000, 64000), (10, 64000, 10), (99999, 64000, 64000), (9, None, 9)],
)
def test_the_limit_is_the_clients_within_the_models(limit: int | None, most: int | None, sent: int) -> None:
    assert written(Abilities(max_output=most), limit=limit).body["max_tokens"] == sent


@pytest.mark.parametrize(
    ("fields", "sent", "dropped"),
    [
        ({"temperature": 0.5}, {"temperature": 0.5}, ()),
        ({"temperature": 1.5}, {"temperature": 1.0}, ("temperature",)),
        ({"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5}, ("top_p",)),
        ({"temperature": 0.5, "top_p": 1.0}, {"temperature": 0.5}, ()),
        ({"top_p": 0.9, "top_k": 5}, {"top_p": 0.9, "top_k": 5}, ()),
        ({"top_k": 0}, {}, ()),
        ({"stop": ("END", "")}, {"stop_sequences": ["END"]}, ()),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}, ()),
        ({"user": "u" * 257}, {}, ("user",)),
        ({"seed": 0, "verbosity": "low", "cache_key": "k"}, {}, ("seed", "verbosity", "cache_key")),
        ({"presence_penalty": 0.1, "frequency_penalty": 0.0}, {}, ("presence_penalty",)),
    ],
)
def test_what_tunes_goes_up_or_is_named(fields: dict[str, Any], sent: dict[str, Any], dropped: tuple[str, ...]) -> None:
    request = written(**fields)
    assert {
        key: value for key, value in request.body.items() if key in {*sent, "temperature", "top_p", "top_k"}
    } == sent
    assert request.dropped == dropped


def test_a_stop_sequence_of_white_space_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        written(stop=("\n",))
    assert caught.value.param == "stop"


def test_effort_and_schema_share_their_place() -> None:
    schema = {"$schema": "x", "type": "object", "properties": {}}
    request = written(schema=Schema(schema), reasoning=Reasoning("high"))
    assert request.body["output_config"] == {
        "effort": "high",
        "format": {
            "type": "json_schema",
            "schema": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    }
    assert request.body["thinking"] == {"type": "adaptive"}


def test_a_json_mode_becomes_words_and_is_named() -> None:
    request = written(schema=Schema(None))
    assert request.body["system"][-1]["text"] == JSON_ONLY
    assert request.dropped == ("schema (in words)",)


@pytest.mark.parametrize("schema", [{}, {"type": "object"}])
def test_a_schema_of_any_object_is_a_json_mode_with_its_description(schema: dict[str, Any]) -> None:
    request = written(schema=Schema(schema, description="A pet."))
    assert request.body["system"][-1]["text"] == f"{JSON_ONLY} A pet."
    assert "output_config" not in request.body


def test_the_description_of_a_schema_goes_up_and_what_is_only_worded_is_named() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    request = written(schema=Schema(schema, description="A pet."))
    assert request.body["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": '{"minimum": 1}'}},
        "additionalProperties": False,
        "description": "A pet.",
    }
    assert request.dropped == ("schema (partly in words)",)


def test_a_prompt_is_not_changed_by_being_written() -> None:
    prompt = Prompt("m", GO, tools=(Tool("f", schema={"type": "object"}),))
    assert messages.write_prompt(prompt, ABLE) == messages.write_prompt(prompt, ABLE)
    assert prompt == Prompt("m", GO, tools=(Tool("f", schema={"type": "object"}),))


def test_what_is_written_reads_back_as_the_same_conversation() -> None:
    said = (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("go", cache=True), Image("image/png", "AA=="))),
        Message(
            "assistant",
            (Thought("hm", Seal("messages", "CAIS")), Text("ok"), ToolCall("a", "f", '{"n":123456789012345678901}')),
        ),
        Message("user", (ToolResult("a", (Text("42"),), error=True), Text("and?"))),
    )
    tools = (Tool("f", "does", {"type": "object"}),)
    prompt = Prompt("m", said, stream=True, tools=tools, limit=500, tool_choice=ToolChoice("auto"), stop=("END",))
    body = msgspec.json.encode(messages.write_prompt(prompt, ABLE).body)
    assert messages.read_prompt(Request(body)) == prompt


# --- the law -----------------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=8)
NAMES = st.text(min_size=1, max_size=6)
ROLES: st.SearchStrategy[Role] = st.sampled_from(("system", "user", "assistant"))
SIMPLE = st.builds(Text, st.text(max_size=8), st.booleans())
THOUGHTS = st.builds(Thought, WORDS, st.none() | st.builds(Seal, st.sampled_from(("", "responses/openai")), WORDS))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns in any order; calls with results right after, for Anthropic takes no others."""
    said: list[Message] = []
    for number, role in enumerate(draw(st.lists(ROLES, max_size=6))):
        said.append(Message(role, tuple(draw(st.lists(SIMPLE, max_size=3)))))
        if draw(st.booleans()):
            ids = [f"call.{number}-{index}" for index in range(draw(st.integers(1, 3)))]
            calls: list[Part] = [ToolCall(one, draw(NAMES), draw(st.sampled_from(("", '{"a":1}')))) for one in ids]
            results: list[Part] = [ToolResult(one, (Text("r"),), error=draw(st.booleans())) for one in ids]
            said += [Message("assistant", (*draw(st.lists(THOUGHTS, max_size=1)), *calls))]
            said += [Message("user", (*draw(st.lists(SIMPLE, max_size=1)), *results))]
    return (*said, Message("user", (Text("go"),)))


TOOLS = st.lists(
    st.builds(
        Tool,
        NAMES,
        st.none() | WORDS,
        st.just({"$schema": "x", "properties": {}}),
        st.none() | st.booleans(),
        st.none() | NAMES,
        custom=st.booleans(),
        grammar=st.none() | st.just(Grammar("lark", "start: A")),
        cache=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda tool: (tool.namespace, tool.name),
).map(tuple)
CHOICES = st.none() | st.builds(ToolChoice, st.sampled_from(("auto", "none", "required")))
PROMPTS = st.builds(
    Prompt,
    st.just("claude"),
    conversations(),
    tools=TOOLS,
    tool_choice=CHOICES,
    parallel=st.none() | st.booleans(),
    limit=st.none() | st.integers(1, 100_000),
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    top_k=st.none() | st.integers(0, 50),
    stop=st.lists(WORDS, max_size=2).map(tuple),
    schema=st.none() | st.builds(Schema, st.none() | st.just({"type": "object", "properties": {}})),
    reasoning=st.none()
    | st.builds(
        Reasoning,
        st.none() | st.sampled_from(("none", "minimal", "low", "medium", "high", "xhigh", "max")),
        st.none() | st.integers(0, 100_000),
        st.none() | st.booleans(),
    ),
)
CATALOGUE = Catalogue()
CLAUDES = [model for model in read_models(CATALOGUE.listing(None, set())) if messages.PATH in model.endpoints]


@given(st.sampled_from(CLAUDES), PROMPTS)
def test_whatever_is_written_copilot_takes(model: Model, prompt: Prompt) -> None:
    try:
        request = messages.write_prompt(prompt, model.able)
    except Failure as failure:
        assert failure.param in {"messages", "tool_choice", "stop"}  # noqa: PT017 - either outcome is right
        return
    body = json.loads(msgspec.json.encode(request.body))
    check_schema(body, FIELDS, ("max_tokens", "messages"), speaks_system=False)
    check_tools(body)
    simulated = CATALOGUE.find(model.id)
    assert simulated is not None
    check_thinking(body, simulated)
    check_history(body)
