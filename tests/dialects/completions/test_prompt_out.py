from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.body import Body
from passenger.chat import (
    Abilities,
    Document,
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
from passenger.copilot.negotiation import lesson
from passenger.dialects import Request, completions
from passenger.dialects.completions.prompt_out import ABOUT_JSON
from passenger.errors import Failure, Kind
from passenger.simulator.account import Account
from passenger.simulator.caching import PromptCache
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.faults import NONE
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import Refusal, RefusedError
from passenger.simulator.surface import Asked
from passenger.simulator.validation import read_chat

GO = (Message("user", (Text("go"),)),)
PLAIN = Abilities("openai")
CLAUDE = Abilities("anthropic", 64000, 1024, 32000)
GEMINI = Abilities("google", 64000, 256, 32000, efforts=("low", "high"))


def written(able: Abilities = PLAIN, said: tuple[Message, ...] = GO, **fields: Any) -> Written:
    return completions.write_prompt(Prompt(fields.pop("model", "gpt-4o"), said, **fields), able)


def refused(able: Abilities = PLAIN, said: tuple[Message, ...] = GO, **fields: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        written(able, said, **fields)
    assert caught.value.kind is Kind.INVALID
    return caught.value


def test_the_least_prompt_is_a_stream_with_usage() -> None:
    assert written() == Written(
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
    assert written(**fields) == Written(written().body | sent, dropped=dropped)


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
    assert completions.limit_field(model, Abilities(vendor)) == name
    body = written(Abilities(vendor), model=model, limit=5).body
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {name: 5}


@pytest.mark.parametrize(
    ("limit", "most", "sent"), [(None, 4096, None), (10, None, 10), (10, 4096, 10), (32000, 4096, 4096)]
)
def test_the_limit_is_the_clients_within_the_models(limit: int | None, most: int | None, sent: int | None) -> None:
    assert written(Abilities("openai", most), limit=limit).body.get("max_tokens") == sent


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
        "messages": [{"role": "system", "content": ABOUT_JSON}, {"role": "user", "content": "go"}],
    }
    said = (Message("user", (Text("as JSON"),)),)
    assert len(written(said=said, schema=Schema(None)).body["messages"]) == 1


# --- thinking ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("able", "wanted", "sent", "dropped"),
    [
        (GEMINI, Reasoning("low"), {"reasoning_effort": "low"}, ()),
        (GEMINI, Reasoning("max"), {"reasoning_effort": "high"}, ("reasoning.effort",)),
        (GEMINI, Reasoning("none"), {"reasoning_effort": "low"}, ("reasoning.effort",)),
        (GEMINI, Reasoning(budget=0), {"reasoning_effort": "low"}, ("reasoning.budget",)),
        (GEMINI, Reasoning(budget=20000), {"reasoning_effort": "high"}, ()),
        (GEMINI, Reasoning(), {}, ()),
        (GEMINI, Reasoning(budget=-1), {}, ()),
        (GEMINI, Reasoning("ultra"), {}, ("reasoning.effort",)),
        (CLAUDE, Reasoning("low"), {"thinking_budget": 2048}, ()),
        (CLAUDE, Reasoning(), {"thinking_budget": 8192}, ()),
        (CLAUDE, Reasoning(budget=99999), {"thinking_budget": 32000}, ()),
        (CLAUDE, Reasoning("none"), {}, ()),
        (CLAUDE, Reasoning(budget=0), {}, ()),
        (PLAIN, Reasoning("low"), {}, ("reasoning",)),
        (PLAIN, Reasoning("none"), {}, ()),
    ],
)
def test_how_much_to_think_is_said_in_the_models_measure(
    able: Abilities, wanted: Reasoning, sent: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    request = written(able, reasoning=wanted)
    measures = ("reasoning_effort", "thinking_budget")
    assert {key: value for key, value in request.body.items() if key in measures} == sent
    assert request.dropped == dropped


@pytest.mark.parametrize(("limit", "budget"), [(2000, 1999), (1025, 1024), (1024, None), (100, None)])
def test_a_budget_stays_below_the_limit_or_thinking_gives_way(limit: int, budget: int | None) -> None:
    request = written(CLAUDE, reasoning=Reasoning("high"), limit=limit)
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


@pytest.mark.parametrize("able", [CLAUDE, GEMINI, PLAIN])
def test_the_clients_own_breakpoints_go_up_the_last_four_of_them(able: Abilities) -> None:
    said = [Message("user", (Text(str(number), cache=True),)) for number in range(6)]
    turns = tuple(turn for one in said for turn in (one, Message("assistant", (Text("ok"),))))
    marked = [
        message["content"] for message in written(able, turns).body["messages"] if MARK.items() <= message.items()
    ]
    assert marked == ["2", "3", "4", "5"]
    one = (Message("user", (Text("a", cache=True), Text("b"))), *GO)
    assert "copilot_cache_control" not in written(able, one).body["messages"][-1]


# --- all together ------------------------------------------------------------------------------------------------


def test_what_is_left_out_is_named_once() -> None:
    lost = Message("assistant", (Thought("hm"), Text("a")))
    tools = (Tool("exec", custom=True, grammar=Grammar("regex", "a+")),)
    assert written(said=(lost, lost, *GO), tools=tools, top_k=1).dropped == (
        "thought",
        "tools[exec].format (in words)",
        "top_k",
    )


def test_a_turn_without_anything_that_may_go_up_is_no_message() -> None:
    lost = Message("assistant", (Thought("hm", Seal("messages/anthropic", "x")),))
    assert written(said=(lost, *GO)).body["messages"] == written().body["messages"]


@pytest.mark.parametrize("said", [(), (Message("user", (Text(""),)),), (Message("assistant", (Thought("hm"),)),)])
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
    assert completions.write_prompt(prompt, CLAUDE) == completions.write_prompt(prompt, CLAUDE)
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
THOUGHTS = st.builds(Thought, st.text(max_size=8), st.builds(Seal, st.just("completions"), WORDS))
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
TOOLS = st.lists(
    st.builds(Tool, NAMES, st.none() | WORDS, SCHEMAS, st.none() | st.booleans(), cache=st.booleans()),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)
SHAPES = st.builds(Schema, SCHEMAS, NAMES, st.none() | st.booleans(), st.none() | WORDS)
NUMBERS = st.none() | st.floats(-2, 2)


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """Prompts in the form in which they are read."""
    tools = draw(TOOLS)
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
        reasoning=draw(st.none() | st.sampled_from((Reasoning("low"), Reasoning("high")))),
        verbosity=draw(st.none() | WORDS),
        user=draw(st.none() | WORDS),
    )


@given(prompts(), st.sampled_from(("openai", "google")))
def test_what_is_written_reads_back_as_the_same_prompt(prompt: Prompt, vendor: str) -> None:
    able = Abilities(vendor, efforts=("low", "high"))
    body = msgspec.json.encode(completions.write_prompt(prompt, able).body)
    assume(body.count(b"copilot_cache_control") < 4)
    assert completions.read_prompt(Request(body)) == prompt


# --- the law: Copilot takes it -----------------------------------------------------------------------------------

ANY_NAME = st.text(min_size=1, max_size=6)
ANY_SEAL = st.none() | st.builds(
    Seal, st.sampled_from(("", "completions", "completions/google", "messages/anthropic")), WORDS
)
ANY_PART: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, st.text(max_size=8), st.booleans()),
    IMAGES,
    st.builds(Thought, st.text(max_size=8), ANY_SEAL),
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
    | st.builds(Reasoning, st.none() | st.sampled_from(EFFORTS), st.none() | st.integers(-1, 100_000)),
)
CATALOGUE = Catalogue()
MODELS = [model for model in read_models(CATALOGUE.listing(None, set())) if completions.PATH in model.endpoints]
CHATTING = [model for model in MODELS if model.kind == "chat"]


@given(st.sampled_from(CHATTING), ANY_PROMPT)
def test_whatever_is_written_copilot_takes(model: Model, prompt: Prompt) -> None:
    try:
        request = completions.write_prompt(replace(prompt, model=model.id), model.able)
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
        assert lesson(taught, Body(body), {})
    assert body.count(b"copilot_cache_control") <= 4
