from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat.capabilities import Capabilities
from passenger.chat.fallbacks import ANSWER_IN_JSON
from passenger.chat.prompt import (
    Document,
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
from passenger.copilot.rejected_fields import read_rejection
from passenger.dialects import Request
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai.chat.request_out import TOOLS, limit_field, write_tools
from passenger.errors import Failure, Kind
from passenger.jsontext.raw_object import RawObject
from passenger.simulator.account import Account
from passenger.simulator.caching import PromptCache
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.faults import NONE
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import Refusal, RefusedError
from passenger.simulator.surface import Asked
from passenger.simulator.validation import read_chat

GO = (Message("user", (Text("go"),)),)
PLAIN = Capabilities("openai")
CLAUDE = Capabilities("anthropic", 64000, 1024, 32000)
GEMINI = Capabilities("google", 64000, 256, 32000, efforts=("low", "high"))


def written(capabilities: Capabilities = PLAIN, said: tuple[Message, ...] = GO, **fields: Any) -> UpstreamRequest:
    return completions.OUTBOUND.write_prompt(Prompt(fields.pop("model", "gpt-4o"), said, **fields), capabilities)


def refused(capabilities: Capabilities = PLAIN, said: tuple[Message, ...] = GO, **fields: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        written(capabilities, said, **fields)
    assert caught.value.kind is Kind.INVALID
    return caught.value


def test_the_least_prompt_is_a_stream_with_usage() -> None:
    assert written() == UpstreamRequest(
        {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "go"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )


@pytest.mark.parametrize(
    ("fields", "sent", "dropped"),
    [
        ({"temperature": 0.0, "top_p": 0.5}, {"temperature": 0.0, "top_p": 0.5}, ()),
        ({"seed": 0, "user": "u"}, {"seed": 0, "user": "u"}, ()),
        (
            {"presence_penalty": 0.1, "frequency_penalty": 0.0},
            {"presence_penalty": 0.1, "frequency_penalty": 0.0},
            (),
        ),
        ({"verbosity": "low"}, {"verbosity": "low"}, ()),
        ({"stop": ("END", "\n")}, {"stop": ["END", "\n"]}, ()),
        ({"stop": ()}, {}, ()),
        ({"top_k": 5, "cache_key": "k"}, {}, ("top_k", "cache_key")),
        ({"parallel": True}, {}, ()),
    ],
)
def test_what_tunes_goes_up_or_is_named(fields: dict[str, Any], sent: dict[str, Any], dropped: tuple[str, ...]) -> None:
    assert written(**fields) == UpstreamRequest(written().body | sent, dropped=dropped)


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "vendor", "name"),
    [
        ("gpt-4o", "openai", "max_tokens"),
        ("gpt-5.1", "openai", "max_completion_tokens"),
        ("gpt-5-mini", "openai", "max_completion_tokens"),
        ("o3", "openai", "max_completion_tokens"),
        ("claude-sonnet-4.6", "anthropic", "max_tokens"),
        ("gemini-3.1-pro-preview", "google", "max_tokens"),
        ("gpt-5.1", "", "max_tokens"),
    ],
)
def test_the_limit_is_called_what_the_model_wants_it_called(model: str, vendor: str, name: str) -> None:
    assert limit_field(model, Capabilities(vendor)) == name
    body = written(Capabilities(vendor), model=model, limit=5).body
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {name: 5}


@pytest.mark.parametrize(
    ("limit", "most", "sent"), [(None, 4096, None), (10, None, 10), (10, 4096, 10), (32000, 4096, 4096)]
)
def test_the_limit_is_the_clients_within_the_models(limit: int | None, most: int | None, sent: int | None) -> None:
    assert written(Capabilities("openai", most), limit=limit).body.get("max_tokens") == sent


# --- the shape of the answer -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        (Schema({"type": "object"}), {"name": "answer", "schema": {"type": "object"}}),
        (
            Schema({}, "n", strict=False, description="d"),
            {"name": "n", "schema": {}, "strict": False, "description": "d"},
        ),
    ],
)
def test_a_schema_is_sent_with_all_that_is_said_of_it(schema: Schema, shape: dict[str, Any]) -> None:
    body = written(schema=schema).body
    assert body["response_format"] == {"type": "json_schema", "json_schema": shape}
    assert body["messages"] == written().body["messages"]


def test_a_name_of_a_schema_is_made_such_that_openai_takes_it() -> None:
    name = written(schema=Schema({}, "My Answer!")).body["response_format"]["json_schema"]["name"]
    assert name.startswith("My_Answer__")


def test_a_json_mode_says_so_where_nobody_does() -> None:
    assert written(schema=Schema(None)).body == written().body | {
        "response_format": {"type": "json_object"},
        "messages": [{"role": "system", "content": ANSWER_IN_JSON}, {"role": "user", "content": "go"}],
    }
    said = (Message("user", (Text("as JSON"),)),)
    assert len(written(said=said, schema=Schema(None)).body["messages"]) == 1


# --- thinking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "wanted", "sent", "dropped"),
    [
        (GEMINI, ReasoningConfig("low"), {"reasoning_effort": "low"}, ()),
        (GEMINI, ReasoningConfig("max"), {"reasoning_effort": "high"}, ("reasoning.effort",)),
        (GEMINI, ReasoningConfig("none"), {"reasoning_effort": "low"}, ("reasoning.effort",)),
        (GEMINI, ReasoningConfig(budget=0), {"reasoning_effort": "low"}, ("reasoning.budget",)),
        (GEMINI, ReasoningConfig(budget=20000), {"reasoning_effort": "high"}, ()),
        (GEMINI, ReasoningConfig(), {}, ()),
        (GEMINI, ReasoningConfig(budget=-1), {}, ()),
        (GEMINI, ReasoningConfig("ultra"), {}, ("reasoning.effort",)),
        (CLAUDE, ReasoningConfig("low"), {"thinking_budget": 2048}, ()),
        (CLAUDE, ReasoningConfig(), {"thinking_budget": 8192}, ()),
        (CLAUDE, ReasoningConfig(budget=99999), {"thinking_budget": 32000}, ()),
        (CLAUDE, ReasoningConfig("none"), {}, ()),
        (CLAUDE, ReasoningConfig(budget=0), {}, ()),
        (PLAIN, ReasoningConfig("low"), {}, ("reasoning",)),
        (PLAIN, ReasoningConfig("none"), {}, ()),
    ],
)
def test_how_much_to_think_is_said_in_the_models_measure(
    capabilities: Capabilities, wanted: ReasoningConfig, sent: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    request = written(capabilities, reasoning=wanted)
    measures = ("reasoning_effort", "thinking_budget")
    assert {key: value for key, value in request.body.items() if key in measures} == sent
    assert request.dropped == dropped


@pytest.mark.parametrize(("limit", "budget"), [(2000, 1999), (1025, 1024), (1024, None), (100, None)])
def test_a_budget_stays_below_the_limit_or_thinking_gives_way(limit: int, budget: int | None) -> None:
    request = written(CLAUDE, reasoning=ReasoningConfig("high"), limit=limit)
    assert request.body.get("thinking_budget") == budget
    assert request.dropped == (() if budget else ("reasoning",))


# --- caching -----------------------------------------------------------------------------------------------------

MARK = {"copilot_cache_control": {"type": "ephemeral"}}


def test_a_prompt_for_claude_gets_breakpoints_where_they_pay_and_one_for_others_does_not() -> None:
    said = (Message("system", (Text("be brief. " * 400),)), *GO)
    body = written(replace(CLAUDE, least_cached=1024), said, tools=(Tool("f"), Tool("g"))).body
    assert [message.get("copilot_cache_control") for message in body["messages"]] == [{"type": "ephemeral"}] * 2
    assert ["copilot_cache_control" in tool for tool in body["tools"]] == [False, True]
    assert b"cache" not in msgspec.json.encode(written(GEMINI, said, tools=(Tool("f"),)).body)
    assert b"cache" not in msgspec.json.encode(written(replace(CLAUDE, least_cached=1024), said).body)


@pytest.mark.parametrize("capabilities", [CLAUDE, GEMINI, PLAIN])
def test_the_clients_own_breakpoints_go_up_the_last_four_of_them(capabilities: Capabilities) -> None:
    said = [Message("user", (Text(str(number), cache=True),)) for number in range(6)]
    turns = tuple(turn for one in said for turn in (one, Message("assistant", (Text("ok"),))))
    marked = [
        message["content"]
        for message in written(capabilities, turns).body["messages"]
        if MARK.items() <= message.items()
    ]
    assert marked == ["2", "3", "4", "5"]
    one = (Message("user", (Text("a", cache=True), Text("b"))), *GO)
    assert "copilot_cache_control" not in written(capabilities, one).body["messages"][-1]


# --- all together ------------------------------------------------------------------------------------------------


def test_what_is_left_out_is_named_once() -> None:
    lost = Message("assistant", (Reasoning("hm"), Text("a")))
    tools = (Tool("exec", custom=True, grammar=Grammar("regex", "a+")),)
    assert written(said=(lost, lost, *GO), tools=tools, top_k=1).dropped == (
        "messages.reasoning",
        "tools[exec].format (in words)",
        "top_k",
    )


def test_a_turn_without_anything_that_may_go_up_is_no_message() -> None:
    lost = Message("assistant", (Reasoning("hm", Signature("messages/anthropic", "x")),))
    assert written(said=(lost, *GO)).body["messages"] == written().body["messages"]


@pytest.mark.parametrize("said", [(), (Message("user", (Text(""),)),), (Message("assistant", (Reasoning("hm"),)),)])
def test_something_must_be_said(said: tuple[Message, ...]) -> None:
    assert refused(said=said).param == "messages"
    assert refused(said=said, schema=Schema(None)).param == "messages"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"said": (Message("user", (Document("application/pdf", "AA=="),)),)}, "document"),
        ({"tools": tuple(Tool(f"t{index}") for index in range(129))}, "tools"),
        ({"tool_choice": ToolChoice("required")}, "tool_choice"),
        ({"said": (Message("assistant", (Image("image/png", "AA=="),)), *GO)}, "messages"),
    ],
)
def test_what_would_mean_something_else_is_refused(fields: dict[str, Any], param: str) -> None:
    assert refused(**fields).param == param


def test_a_prompt_is_not_changed_by_being_written() -> None:
    prompt = Prompt("claude-haiku-4.5", GO, tools=(Tool("f", schema={"type": "object"}),), schema=Schema(None))
    assert completions.OUTBOUND.write_prompt(prompt, CLAUDE) == completions.OUTBOUND.write_prompt(prompt, CLAUDE)
    assert prompt == Prompt("claude-haiku-4.5", GO, tools=(Tool("f", schema={"type": "object"}),), schema=Schema(None))


def test_integers_stay_exact() -> None:
    said = (Message("assistant", (ToolCall("a", "f", '{"n":123456789012345678901}'),)), *GO)
    body = msgspec.json.encode(written(said=said, seed=123456789012345678901).body)
    assert body.count(b"123456789012345678901") == 2


# --- the law: what both can hold comes back as it was ------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=8)
NAMES = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
TEXTS = st.builds(Text, WORDS, st.booleans())
IMAGES = st.builds(
    Image, st.just("image/png"), st.just("AA=="), st.none() | st.sampled_from(("low", "auto")), st.booleans()
)
THOUGHTS = st.builds(Reasoning, st.text(max_size=8), st.builds(Signature, st.just("completions"), WORDS))
CALLS = st.builds(ToolCall, st.uuids().map(str), NAMES, st.sampled_from(("{}", '{"a":1}', "[]")))
RESULTS = st.builds(
    ToolResult, st.uuids().map(str), st.lists(st.builds(Text, WORDS), max_size=1).map(tuple), cache=st.booleans()
)


def some(parts: st.SearchStrategy[Any], least: int = 0, most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(parts, min_size=least, max_size=most)


def spoken(role: Role, *groups: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[Message]:
    parts = st.tuples(*groups).map(lambda found: tuple(part for group in found for part in group))
    return parts.filter(bool).map(lambda said: Message(role, said))


SYSTEM = spoken("system", some(TEXTS, 1))
ASSISTANT = spoken("assistant", some(THOUGHTS, 0, 1), some(TEXTS), some(CALLS))
USER = spoken("user", some(RESULTS), some(TEXTS | IMAGES))
# Two turns of the user in a row are one where the first has nothing but results.
TALK = st.lists(st.one_of(SYSTEM, ASSISTANT, st.tuples(USER, SYSTEM)), min_size=1, max_size=4).map(
    lambda turns: tuple(one for turn in turns for one in (turn if isinstance(turn, tuple) else (turn,)))
)
SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    ({"type": "object", "properties": {}}, {"type": "object", "properties": {"a": {"type": "string"}}})
)
ANY_TOOLS = st.lists(
    st.builds(Tool, NAMES, st.none() | WORDS, SCHEMAS, st.none() | st.booleans(), cache=st.booleans()),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)
SHAPES = st.builds(Schema, SCHEMAS, NAMES, st.none() | st.booleans(), st.none() | WORDS)
NUMBERS = st.none() | st.floats(-2, 2)


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """Prompts in the form in which they are read."""
    tools = draw(ANY_TOOLS)
    choices = [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
    choices += [ToolChoice("required", (tool.name,)) for tool in tools]
    return Prompt(
        draw(st.sampled_from(("gpt-4o", "gpt-5.1"))),
        draw(TALK),
        stream=True,
        tools=tools,
        tool_choice=draw(st.none() | st.sampled_from(choices)) if tools else None,
        parallel=draw(st.none() | st.booleans()) if tools else None,
        limit=draw(st.none() | st.integers(1, 10**20)),
        temperature=draw(NUMBERS),
        top_p=draw(NUMBERS),
        stop=tuple(draw(st.lists(st.text(), max_size=2))),
        seed=draw(st.none() | st.integers()),
        presence_penalty=draw(NUMBERS),
        frequency_penalty=draw(NUMBERS),
        schema=draw(st.none() | SHAPES),
        reasoning=draw(st.none() | st.sampled_from((ReasoningConfig("low"), ReasoningConfig("high")))),
        verbosity=draw(st.none() | WORDS),
        user=draw(st.none() | WORDS),
    )


@given(prompts(), st.sampled_from(("openai", "google")))
def test_what_is_written_reads_back_as_the_same_prompt(prompt: Prompt, vendor: str) -> None:
    capabilities = Capabilities(vendor, efforts=("low", "high"))
    body = msgspec.json.encode(completions.OUTBOUND.write_prompt(prompt, capabilities).body)
    assume(body.count(b"copilot_cache_control") < 4)
    assert completions.INBOUND.read_prompt(Request(body)) == prompt


# --- the law: Copilot takes it -----------------------------------------------------------------------------------

ANY_NAME = st.text(min_size=1, max_size=6)
ANY_SEAL = st.none() | st.builds(
    Signature, st.sampled_from(("", "completions", "completions/google", "messages/anthropic")), WORDS
)
ANY_PART: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, st.text(max_size=8), st.booleans()),
    IMAGES,
    st.builds(Reasoning, st.text(max_size=8), ANY_SEAL),
    st.builds(
        ToolCall,
        WORDS,
        ANY_NAME,
        st.sampled_from(("", "{}", '{"a":1}')),
        st.none() | ANY_NAME,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(ToolResult, WORDS, st.lists(TEXTS | IMAGES, max_size=2).map(tuple), st.booleans(), st.booleans()),
)
ROLES: st.SearchStrategy[Role] = st.sampled_from(("system", "user", "assistant"))
ANY_TOOL = st.builds(
    Tool,
    ANY_NAME,
    st.none() | WORDS,
    st.none() | SCHEMAS,
    st.none() | st.booleans(),
    st.none() | ANY_NAME,
    st.booleans(),
    st.none() | st.just(Grammar("lark", "start: A")),
    st.booleans(),
)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
ANY_PROMPT = st.builds(
    Prompt,
    st.just("m"),
    st.lists(st.builds(Message, ROLES, st.lists(ANY_PART, max_size=3).map(tuple)), max_size=5).map(tuple),
    tools=st.lists(ANY_TOOL, max_size=3).map(tuple),
    tool_choice=st.none() | st.builds(ToolChoice, st.sampled_from(("auto", "none", "required"))),
    parallel=st.none() | st.booleans(),
    limit=st.none() | st.integers(1, 200_000),
    temperature=NUMBERS,
    stop=st.lists(WORDS, max_size=2).map(tuple),
    schema=st.none() | st.builds(Schema, st.none() | SCHEMAS, ANY_NAME),
    reasoning=st.none()
    | st.builds(ReasoningConfig, st.none() | st.sampled_from(EFFORTS), st.none() | st.integers(-1, 100_000)),
)
CATALOGUE = Catalogue()
MODELS = [model for model in read_models(CATALOGUE.listing(None, set())) if completions.PATH in model.endpoints]
CHATTING = [model for model in MODELS if model.kind == "chat"]


@given(st.sampled_from(CHATTING), ANY_PROMPT)
def test_whatever_is_written_copilot_takes(model: Model, prompt: Prompt) -> None:
    try:
        request = completions.OUTBOUND.write_prompt(replace(prompt, model=model.id), model.capabilities)
    except Failure as failure:
        assert failure.param in {"messages", "tool_choice"}  # noqa: PT017 - either outcome is right
        return
    body = msgspec.json.encode(request.body)
    asked = Recorded("POST", completions.PATH, [("copilot-vision-request", "true")], body)
    account = Account(lambda: 0.0, enabled={model.id})
    try:
        read_chat(Asked(asked, NONE, [], account, CATALOGUE, PromptCache(), 0, 0), completions.PATH)
    except RefusedError as error:  # no catalogue tells that a model takes no temperature: it is learned
        refused = error.refusal
        assert isinstance(refused, Refusal)
        taught = Failure(Kind.INVALID, refused.message, refused.status, code=refused.code, param=refused.param)
        assert refused.param in {"temperature", "top_p"}
        assert read_rejection(taught, RawObject(body), {})
    assert body.count(b"copilot_cache_control") <= 4


# --- tools -------------------------------------------------------------------------------------------------------


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
F, G = Tool("f", schema=SCHEMA), Tool("g", schema=SCHEMA)


def tools_written(*tools: Tool, dropped: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    return write_tools(Prompt("m", (), tools=tools, **fields), ToolNames(tools), [] if dropped is None else dropped)


def names(body: dict[str, Any]) -> list[str]:
    return [tool["function"]["name"] for tool in body["tools"]]


def test_a_tool_is_a_function() -> None:
    assert tools_written(F, Tool("g", "does", None, strict=True, cache=True)) == {
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": SCHEMA}},
            {
                "type": "function",
                "function": {"name": "g", "description": "does", "parameters": EMPTY, "strict": True},
                "copilot_cache_control": {"type": "ephemeral"},
            },
        ]
    }


def test_names_are_made_such_that_copilot_takes_them() -> None:
    first, second, third = names(tools_written(Tool("read", namespace="fs"), Tool("x" * 80), Tool("a.b")))
    assert (first, len(second), third[:4]) == ("fs__read", 64, "a_b_")


@pytest.mark.parametrize(
    ("tool", "description", "dropped"),
    [
        (Tool("exec", custom=True), None, []),
        (Tool("exec", "runs", custom=True), "runs", []),
        (
            Tool("exec", "runs", custom=True, grammar=Grammar("lark", "start: A")),
            "runs\n\n`input` must match this lark grammar:\nstart: A",
            ["tools[exec].format (in words)"],
        ),
    ],
)
def test_a_custom_tool_takes_its_text_in_an_object(tool: Tool, description: str | None, dropped: list[str]) -> None:
    named: list[str] = []
    (function,) = tools_written(tool, dropped=named)["tools"]
    assert function["function"].get("description") == description
    assert function["function"]["parameters"] == {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
    }
    assert named == dropped


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("g",)), {"type": "function", "function": {"name": "g"}}),
        (ToolChoice("required", ("read",)), {"type": "function", "function": {"name": "fs__read"}}),
    ],
)
def test_the_choice_is_a_word_or_one_tool(choice: ToolChoice, said: object) -> None:
    body = tools_written(F, G, Tool("read", namespace="fs"), tool_choice=choice)
    assert (body["tool_choice"], len(body["tools"])) == (said, 3)


@pytest.mark.parametrize(
    ("choice", "word", "left"),
    [
        (ToolChoice("auto", ("g",)), "auto", ["g"]),
        (ToolChoice("auto", ("g", "f")), "auto", ["f", "g"]),
        (ToolChoice("required", ("f", "g")), "required", ["f", "g"]),
    ],
)
def test_where_only_some_are_allowed_only_those_are_there(choice: ToolChoice, word: str, left: list[str]) -> None:
    body = tools_written(F, G, Tool("h"), tool_choice=choice)
    assert (body["tool_choice"], names(body)) == (word, left)


@pytest.mark.parametrize("parallel", [True, False])
def test_parallel_calls_are_only_spoken_of_where_there_are_tools(parallel: bool) -> None:
    assert tools_written(F, parallel=parallel)["parallel_tool_calls"] is parallel
    assert tools_written(parallel=parallel, tool_choice=ToolChoice("auto")) == {}
    assert "parallel_tool_calls" not in tools_written(F)


def test_more_tools_than_copilot_takes_are_refused() -> None:
    many = [Tool(f"t{index}") for index in range(TOOLS + 1)]
    assert len(tools_written(*many[:-1])["tools"]) == TOOLS == 128
    with pytest.raises(Failure, match="at most 128 tools here, and there are 129") as caught:
        tools_written(*many)
    assert caught.value.param == "tools"
    assert len(tools_written(*many, tool_choice=ToolChoice("auto", ("t1",)))["tools"]) == 1


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("required", ("x", "y"))])
def test_a_call_that_cannot_be_is_not_demanded_in_silence(choice: ToolChoice) -> None:
    with pytest.raises(Failure) as caught:
        tools_written(*([F] if choice.names else []), tool_choice=choice)
    assert caught.value.param == "tool_choice"
