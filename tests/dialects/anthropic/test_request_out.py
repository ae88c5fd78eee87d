import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import ANSWER_IN_JSON, INPUT_SCHEMA
from passenger.chat.prompt import (
    Grammar,
    Image,
    Message,
    Part,
    Prompt,
    Reasoning,
    ReasoningConfig,
    Role,
    Schema,
    Signature,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from passenger.chat.tool_names import ToolNames
from passenger.chat.upstream_request import UpstreamRequest
from passenger.copilot.catalog import Model, read_models
from passenger.dialects import Request
from passenger.dialects import anthropic as messages
from passenger.dialects.anthropic.request_out import write_thinking, write_tools
from passenger.dialects.thinking import INTERLEAVED, OFF, Thinking, unsampled
from passenger.errors import Failure
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.messages.history import check_history
from passenger.simulator.messages.schema import FIELDS, check_schema
from passenger.simulator.messages.thinking import check_thinking
from passenger.simulator.messages.tools import check_tools

ABLE = Capabilities("anthropic", 64000, adaptive=True, efforts=("low", "high"))
GO = (Message("user", (Text("go"),)),)


def written(capabilities: Capabilities = ABLE, said: tuple[Message, ...] = GO, **fields: Any) -> UpstreamRequest:
    return messages.OUTBOUND.write_prompt(Prompt("claude-opus-5", said, **fields), capabilities)


def test_the_least_prompt_is_a_stream_with_a_limit() -> None:
    assert written() == UpstreamRequest(
        {
            "model": "claude-opus-5",
            "max_tokens": 64000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "go"}]}],
            "stream": True,
        }
    )


def test_breakpoints_are_set_where_they_pay() -> None:
    said = (Message("system", (Text("be brief. " * 400),)), *GO)
    capabilities = replace(ABLE, least_cached=1024)
    assert msgspec.json.encode(written(capabilities, said, tools=(Tool("f"),)).body).count(b"cache_control") == 3
    assert b"cache_control" not in msgspec.json.encode(written(capabilities, said).body)
    assert b"cache_control" not in msgspec.json.encode(written(ABLE, said, tools=(Tool("f"),)).body)


@pytest.mark.parametrize(
    ("limit", "most", "sent"),
    [(None, None, 4096), (None, 64000, 64000), (10, 64000, 10), (99999, 64000, 64000), (9, None, 9)],
)
def test_the_limit_is_the_clients_within_the_models(limit: int | None, most: int | None, sent: int) -> None:
    assert written(Capabilities(max_output=most), limit=limit).body["max_tokens"] == sent


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
    request = written(schema=Schema(schema), reasoning=ReasoningConfig("high"))
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
    assert request.body["system"][-1]["text"] == ANSWER_IN_JSON
    assert request.dropped == ("schema (in words)",)


@pytest.mark.parametrize("schema", [{}, {"type": "object"}])
def test_a_schema_of_any_object_is_a_json_mode_with_its_description(schema: dict[str, Any]) -> None:
    request = written(schema=Schema(schema, description="A pet."))
    assert request.body["system"][-1]["text"] == f"{ANSWER_IN_JSON} A pet."
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
    assert messages.OUTBOUND.write_prompt(prompt, ABLE) == messages.OUTBOUND.write_prompt(prompt, ABLE)
    assert prompt == Prompt("m", GO, tools=(Tool("f", schema={"type": "object"}),))


def test_what_is_written_reads_back_as_the_same_conversation() -> None:
    said = (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("go", cache=True), Image("image/png", "AA=="))),
        Message(
            "assistant",
            (
                Reasoning("hm", Signature("messages", "CAIS")),
                Text("ok"),
                ToolCall("a", "f", '{"n":123456789012345678901}'),
            ),
        ),
        Message("user", (ToolResult("a", (Text("42"),), error=True), Text("and?"))),
    )
    tools = (Tool("f", "does", {"type": "object"}),)
    prompt = Prompt("m", said, stream=True, tools=tools, limit=500, tool_choice=ToolChoice("auto"), stop=("END",))
    body = msgspec.json.encode(messages.OUTBOUND.write_prompt(prompt, ABLE).body)
    assert messages.INBOUND.read_prompt(Request(body)) == prompt


# --- the law -----------------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=8)
NAMES = st.text(min_size=1, max_size=6)
ROLES: st.SearchStrategy[Role] = st.sampled_from(("system", "user", "assistant"))
SIMPLE = st.builds(Text, st.text(max_size=8), st.booleans())
THOUGHTS = st.builds(
    Reasoning, WORDS, st.none() | st.builds(Signature, st.sampled_from(("", "responses/openai")), WORDS)
)


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
        ReasoningConfig,
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
        request = messages.OUTBOUND.write_prompt(prompt, model.capabilities)
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


# --- tools -----------------------------------------------------------------------------------------------------------


F, G = Tool("f", "does", {"type": "object"}), Tool("g", schema={"$schema": "x", "properties": {}})


def tools_written(
    *tools: Tool, choice: ToolChoice | None = None, parallel: bool | None = None
) -> tuple[dict[str, Any], list[str]]:
    dropped: list[str] = []
    prompt = Prompt("m", (), tools=tools, tool_choice=choice, parallel=parallel)
    return write_tools(prompt, ToolNames(tools, 128), dropped), dropped


def test_tools_have_a_schema_of_an_object_without_its_dialect() -> None:
    fields, dropped = tools_written(F, G, Tool("h"))
    assert fields == {
        "tools": [
            {"name": "f", "description": "does", "input_schema": {"type": "object"}},
            {"name": "g", "input_schema": {"type": "object", "properties": {}}},
            {"name": "h", "input_schema": {"type": "object", "properties": {}}},
        ]
    }
    assert dropped == []


def test_a_custom_tool_takes_its_text_in_an_object_and_its_grammar_in_words() -> None:
    patch = Tool("patch", "edits", custom=True, grammar=Grammar("lark", "start: WORD"))
    fields, dropped = tools_written(
        patch, Tool("raw", custom=True, grammar=Grammar("regex", "a+")), Tool("free", custom=True)
    )
    first, second, third = fields["tools"]
    assert first["description"] == "edits\n\n`input` must match this lark grammar:\nstart: WORD"
    assert second["description"] == "`input` must match this regex grammar:\na+"
    assert [tool["input_schema"] for tool in (first, second, third)] == [INPUT_SCHEMA] * 3
    assert dropped == ["tools[patch].format (in words)", "tools[raw].format (in words)"]


def test_strictness_is_left_out_by_name() -> None:
    assert tools_written(Tool("f", schema={}, strict=True))[1] == ["tools.strict"]


@pytest.mark.parametrize(
    ("choice", "parallel", "said"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("required", ("f",)), None, {"type": "tool", "name": "f"}),
        (ToolChoice("none"), False, {"type": "none"}),
    ],
)
def test_the_choice_among_tools_is_said(choice: ToolChoice | None, parallel: bool | None, said: object) -> None:
    assert tools_written(F, G, choice=choice, parallel=parallel)[0].get("tool_choice") == said


@pytest.mark.parametrize(("mode", "said"), [("required", "any"), ("auto", "auto")])
def test_a_choice_of_several_narrows_the_tools(mode: Any, said: str) -> None:
    fields, _ = tools_written(F, G, Tool("h"), choice=ToolChoice(mode, ("f", "h")))
    assert [tool["name"] for tool in fields["tools"]] == ["f", "h"]
    assert fields["tool_choice"] == {"type": said}


def test_a_tool_of_a_namespace_is_forced_by_the_name_that_goes_up() -> None:
    fields, _ = tools_written(Tool("run", namespace="mcp"), choice=ToolChoice("required", ("run",)))
    assert fields["tool_choice"] == {"type": "tool", "name": "mcp__run"}


def test_a_choice_without_tools_is_nothing_unless_it_demands_one() -> None:
    assert tools_written(choice=ToolChoice("auto"), parallel=False) == ({}, [])
    for choice, tools in ((ToolChoice("required"), ()), (ToolChoice("required", ("x",)), (F,))):
        with pytest.raises(Failure) as caught:
            tools_written(*tools, choice=choice)
        assert caught.value.param == "tool_choice"


@pytest.mark.parametrize(
    ("parallel", "said"),
    [(None, {"type": "auto"}), (False, {"type": "auto", "disable_parallel_tool_use": True})],
)
def test_the_choice_for_a_summary_is_that_of_the_turns_before(parallel: bool | None, said: object) -> None:
    prompt = Prompt("m", (), tools=(F,), tool_choice=ToolChoice("none"), parallel=parallel, compacts=True)
    assert write_tools(prompt, ToolNames((F,), 128), [])["tool_choice"] == said


# --- thinking --------------------------------------------------------------------------------------------------------


BUDGETS = Capabilities("anthropic", 32000, 1024, 32000)
ADAPTIVE = Capabilities("anthropic", 64000, None, None, adaptive=True, efforts=("low", "medium", "high", "max"))
GIVEN_UP = Thinking(dropped=("reasoning",))
CALL = {"type": "tool_use", "id": "a", "name": "f", "input": {}}


def thought(
    reasoning: ReasoningConfig | None,
    capabilities: Capabilities,
    *blocks: dict[str, Any],
    limit: int = 32000,
    **rest: Any,
) -> Thinking:
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": []},
        {"role": "assistant", "content": list(blocks)},
        {"role": "user"},
    ]
    return write_thinking(
        Prompt("m", (), reasoning=reasoning, **rest), capabilities, limit, turns if blocks else turns[:1]
    )


@pytest.mark.parametrize("reasoning", [None, ReasoningConfig("none"), ReasoningConfig(budget=0)])
def test_there_is_no_thinking_where_none_is_wanted(reasoning: ReasoningConfig | None) -> None:
    assert thought(reasoning, ADAPTIVE) == OFF == thought(reasoning, BUDGETS, temperature=0.1)


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (ReasoningConfig(), Thinking({"type": "adaptive"})),
        (ReasoningConfig("high"), Thinking({"type": "adaptive"}, "high")),
        (ReasoningConfig("xhigh"), Thinking({"type": "adaptive"}, "high", dropped=("reasoning.effort",))),
        (ReasoningConfig(budget=2000, show=False), Thinking({"type": "adaptive", "display": "omitted"}, "low")),
        (ReasoningConfig("low", show=True), Thinking({"type": "adaptive", "display": "summarized"}, "low")),
    ],
)
def test_a_model_that_adapts_is_told_the_effort(reasoning: ReasoningConfig, expected: Thinking) -> None:
    assert thought(reasoning, ADAPTIVE) == expected


def test_an_effort_that_the_model_does_not_offer_is_named() -> None:
    capabilities = Capabilities("anthropic", adaptive=True)
    assert thought(ReasoningConfig("high"), capabilities) == Thinking(
        {"type": "adaptive"}, dropped=("reasoning.effort",)
    )


@pytest.mark.parametrize(
    ("reasoning", "limit", "tokens"),
    [
        (ReasoningConfig("medium"), 32000, 8192),
        (ReasoningConfig(budget=5000), 32000, 5000),
        (ReasoningConfig(budget=5000), 3000, 2999),
        (ReasoningConfig("minimal"), 32000, 1024),
        (ReasoningConfig(budget=100_000), 64000, 32000),
    ],
)
def test_a_model_with_budgets_gets_one_below_the_limit(reasoning: ReasoningConfig, limit: int, tokens: int) -> None:
    thinking = thought(reasoning, BUDGETS, limit=limit).thinking
    assert thinking == {"type": "enabled", "budget_tokens": tokens}


def test_reasoning_between_calls_needs_a_beta() -> None:
    assert thought(ReasoningConfig(), BUDGETS, tools=(Tool("f"),)).headers == {"anthropic-beta": INTERLEAVED}
    assert thought(ReasoningConfig(), BUDGETS).headers == {}


@pytest.mark.parametrize("capabilities", [Capabilities("anthropic"), BUDGETS])
def test_thinking_without_room_or_ability_is_named(capabilities: Capabilities) -> None:
    assert thought(ReasoningConfig("high"), capabilities, limit=1024) == GIVEN_UP


@pytest.mark.parametrize("capabilities", [ADAPTIVE, BUDGETS])
def test_thinking_gives_way_to_a_tool_that_must_be_called(capabilities: Capabilities) -> None:
    forced: dict[str, Any] = {"tools": (Tool("f"),), "tool_choice": ToolChoice("required")}
    assert thought(ReasoningConfig("high"), capabilities, **forced) == GIVEN_UP


@pytest.mark.parametrize(
    ("sampling", "gone"),
    [
        ((None, None, None), []),
        ((1, 0.95, None), []),
        ((0.5, None, None), ["temperature"]),
        ((None, 0.5, None), ["top_p"]),
        ((1, 0.95, 64), ["top_k"]),
        ((0, 0.1, 0), ["temperature", "top_p", "top_k"]),
    ],
)
def test_sampling_gives_way_to_thinking(sampling: tuple[Any, Any, Any], gone: list[str]) -> None:
    assert [*unsampled(*sampling)] == gone


def test_a_budget_that_is_not_the_clients_own_is_named() -> None:
    assert thought(ReasoningConfig(budget=5000), BUDGETS).dropped == ()
    assert thought(ReasoningConfig(budget=-1), BUDGETS).dropped == ()
    assert thought(ReasoningConfig("high"), BUDGETS).dropped == ()
    assert thought(ReasoningConfig(budget=5000), BUDGETS, limit=3000).dropped == ("reasoning.budget",)


def test_what_goes_with_thinking_stays() -> None:
    fine: dict[str, Any] = {"temperature": 1.0, "tools": (Tool("f"),), "tool_choice": ToolChoice("auto")}
    assert thought(ReasoningConfig(), BUDGETS, **fine).thinking is not None


def test_calls_that_have_lost_their_reasoning_turn_a_budget_off() -> None:
    text = {"type": "text", "text": "a"}
    kept = {"type": "thinking", "thinking": "", "signature": "C"}
    assert thought(ReasoningConfig(), BUDGETS, text, CALL) == GIVEN_UP
    assert thought(ReasoningConfig(), BUDGETS, kept, CALL).thinking is not None
    assert thought(ReasoningConfig(), BUDGETS, text).thinking is not None
    assert thought(ReasoningConfig(), ADAPTIVE, CALL).thinking is not None
