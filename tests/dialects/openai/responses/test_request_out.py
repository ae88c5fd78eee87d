import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerBuilder, SearchCall, SearchDone
from passenger.chat.prompt import (
    Document,
    Grammar,
    Image,
    Message,
    Part,
    Prompt,
    Reasoning,
    ReasoningConfig,
    Refusal,
    Role,
    Schema,
    Signature,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from passenger.chat.upstream_request import UpstreamRequest
from passenger.chat.web_search import SearchLocation, SearchTool
from passenger.dialects import Request
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai import responses
from passenger.dialects.openai.responses.request_out import NamespacedNames, write_choice, write_tools
from passenger.errors import Failure
from passenger.simulator import Simulator
from tests.simulator.client import connected

USER = Message("user", (Text("hi"),))
PROMPT = Prompt("gpt-5.5", (USER,))
ABLE = Capabilities(vendor="openai", max_output=128000, efforts=("low", "medium", "high"))
SHAPE = {"type": "object"}


def written(**changes: Any) -> UpstreamRequest:
    return responses.OUTBOUND.write_prompt(replace(PROMPT, **changes), ABLE)


def test_a_request_streams_and_keeps_nothing_and_asks_for_signatures() -> None:
    assert written().body == {
        "model": "gpt-5.5",
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
    }
    assert (written().dropped, written().headers) == ((), {})


def test_what_tunes_has_its_own_names() -> None:
    body = written(limit=99, temperature=0.5, top_p=0.9, user="me", cache_key="k", parallel=False, verbosity="low").body
    assert (body["max_output_tokens"], body["temperature"], body["top_p"]) == (99, 0.5, 0.9)
    assert (body["user"], body["prompt_cache_key"], body["parallel_tool_calls"]) == ("me", "k", False)
    assert body["text"] == {"verbosity": "low"}


def test_a_limit_below_the_floor_is_raised_by_name() -> None:
    assert written(limit=1).body["max_output_tokens"] == 16
    assert written(limit=1).dropped == ("limit",)
    assert written(limit=16).dropped == ()


def test_what_has_no_field_is_left_out_by_name() -> None:
    changes = {"top_k": 4, "seed": 0, "presence_penalty": 0.5, "frequency_penalty": 0.5}
    assert written(**changes).dropped == ("top_k", "seed", "presence_penalty", "frequency_penalty")
    assert written(presence_penalty=0.0, frequency_penalty=0.0).dropped == ()


def test_stop_sequences_are_the_reader_s_business() -> None:
    assert written(stop=("x",)) == written()


@pytest.mark.parametrize(
    ("reasoning", "field"),
    [
        (None, None),
        (ReasoningConfig(), None),
        (ReasoningConfig("high"), {"effort": "high"}),
        (ReasoningConfig("xhigh"), {"effort": "high"}),
        (ReasoningConfig(budget=2000, show=True), {"effort": "low", "summary": "auto"}),
        (ReasoningConfig(budget=0), {"effort": "low"}),
        (ReasoningConfig(show=True), {"summary": "auto"}),
        (ReasoningConfig("low", show=False), {"effort": "low"}),
    ],
)
def test_how_much_to_think_is_said_in_a_word_that_the_model_knows(
    reasoning: ReasoningConfig | None, field: dict[str, Any] | None
) -> None:
    assert written(reasoning=reasoning).body.get("reasoning") == field


def test_a_schema_is_the_format_of_the_text() -> None:
    schema = Schema(SHAPE, "my answer", strict=True, description="d")
    form = written(schema=schema, verbosity="high").body["text"]["format"]
    assert form.pop("name").startswith("my_answer")
    assert form == {"type": "json_schema", "schema": SHAPE, "strict": True, "description": "d"}
    assert written(schema=Schema(SHAPE)).body["text"] == {
        "format": {"type": "json_schema", "name": "answer", "schema": SHAPE}
    }


def test_any_json_object_is_asked_for_in_words_as_well() -> None:
    body = written(schema=Schema(None)).body
    assert body["text"] == {"format": {"type": "json_object"}}
    assert [item["role"] for item in body["input"]] == ["system", "user"]
    said = Message("user", (Text("Say it in Json"),))
    assert len(written(schema=Schema(None), messages=(said,)).body["input"]) == 1


def test_tools_come_with_their_choice() -> None:
    body = written(tools=(Tool("f"),), tool_choice=ToolChoice("required", ("f",))).body
    assert body["tools"][0]["name"] == "f"
    assert body["tool_choice"] == {"type": "function", "name": "f"}
    assert "tool_choice" not in written(tool_choice=ToolChoice("auto")).body


def test_the_same_prompt_is_written_the_same_way_each_time() -> None:
    assert list(written(tools=(Tool("f"),), limit=20).body) == list(written(tools=(Tool("f"),), limit=20).body)


# --- tools -----------------------------------------------------------------------------------------------------------


EMPTY_SHAPE = {"type": "object", "properties": {"n": {"type": "integer"}}}


def test_a_function_says_that_it_is_not_strict_where_nobody_asked_for_it() -> None:
    [tool] = write_tools([Tool("f", "d", EMPTY_SHAPE)])
    assert tool == {"type": "function", "name": "f", "description": "d", "parameters": EMPTY_SHAPE, "strict": False}
    assert write_tools([Tool("f", strict=True)])[0]["strict"] is True
    assert write_tools([Tool("f")])[0]["parameters"] == {"type": "object", "properties": {}}


def test_a_custom_tool_keeps_its_grammar() -> None:
    free, bound = write_tools([Tool("a", custom=True), Tool("b", custom=True, grammar=Grammar("lark", "start: /x/"))])
    assert free == {"type": "custom", "name": "a", "format": {"type": "text"}}
    assert bound["format"] == {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}


def test_the_tools_of_a_namespace_stand_together() -> None:
    tools = [Tool("a", namespace="n"), Tool("b"), Tool("c", namespace="n")]
    space, function = write_tools(tools)
    assert (space["type"], space["name"]) == ("namespace", "n")
    assert [tool["name"] for tool in space["tools"]] == ["a", "c"]
    assert function["name"] == "b"


def test_a_name_that_is_not_taken_is_changed_the_same_way_each_time() -> None:
    [tool] = write_tools([Tool("a.b/c")])
    assert set(tool["name"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert NamespacedNames([Tool("a.b/c")]).to_client(tool["name"], None).name == "a.b/c"


def test_a_namespace_whose_name_was_changed_is_found_again() -> None:
    names = NamespacedNames([Tool("f", namespace="my.space")])
    name, space = names.to_upstream("f", "my.space")
    assert (name, names.to_upstream("f", None)) == ("f", ("f", space))
    assert names.to_client(name, space).namespace == "my.space"


def test_a_tool_of_no_namespace_comes_before_one_that_has_its_name() -> None:
    names = NamespacedNames([Tool("f", namespace="n"), Tool("f")])
    assert names.to_upstream("f", None) == ("f", None)
    assert names.to_client("f", None) == Tool("f")
    assert names.to_client("f", "n") == Tool("f", namespace="n")


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("none", ("f",)), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("required", ("f",)), {"type": "function", "name": "f"}),
        (ToolChoice("required", ("c",)), {"type": "custom", "name": "c"}),
        (
            ToolChoice("auto", ("f",)),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        ),
        (
            ToolChoice("required", ("f", "c")),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}],
            },
        ),
    ],
)
def test_the_choice_is_written(choice: ToolChoice, written: object) -> None:
    assert write_choice(choice, [Tool("f"), Tool("c", custom=True)]) == written


# --- input items -----------------------------------------------------------------------------------------------------


ANY_VENDOR = Capabilities(vendor="openai")
IMAGE = Image("image/png", "AA==")
URL = "data:image/png;base64,AA=="


def items(*messages: Message, tools: tuple[Tool, ...] = ()) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = responses.OUTBOUND.write_prompt(Prompt("m", messages, tools=tools), ANY_VENDOR).body[
        "input"
    ]
    return found


def item(role: Role, part: Part) -> dict[str, Any]:
    [found] = items(Message(role, (part,)))
    return found


@pytest.mark.parametrize("role", ["system", "user"])
def test_what_is_given_is_input(role: Role) -> None:
    assert item(role, Text("hi")) == {
        "type": "message",
        "role": role,
        "content": [{"type": "input_text", "text": "hi"}],
    }


def test_what_was_said_is_output() -> None:
    content = [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}]
    [said] = items(Message("assistant", (Text("a"), Refusal("b"))))
    assert said == {"type": "message", "role": "assistant", "content": content}


def test_pictures_and_files_are_data_urls() -> None:
    [picture] = item("user", IMAGE)["content"]
    assert picture == {"type": "input_image", "image_url": URL, "detail": "auto"}
    [picture] = item("user", Image("image/png", "AA==", "low"))["content"]
    assert picture["detail"] == "low"
    [file] = item("user", Document("application/pdf", "AA=="))["content"]
    assert file == {
        "type": "input_file",
        "filename": "document.pdf",
        "file_data": "data:application/pdf;base64,AA==",
    }


def test_an_assistant_shows_no_pictures() -> None:
    with pytest.raises(Failure) as caught:
        item("assistant", IMAGE)
    assert caught.value.param == "messages"


def test_calls_and_results_are_items_of_their_own_in_their_order() -> None:
    turn = Message("assistant", (Text("a"), ToolCall("c", "f", "{}"), Text("b"), ToolCall("d", "g", "+x", custom=True)))
    results = Message("user", (ToolResult("c", (Text("1"),)), ToolResult("d", (), custom=True), Text("go")))
    given_ = items(turn, results)
    assert [one["type"] for one in given_] == [
        "message",
        "function_call",
        "message",
        "custom_tool_call",
        "function_call_output",
        "custom_tool_call_output",
        "message",
    ]
    assert given_[1] == {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    assert given_[3] == {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "+x"}
    assert given_[4] == {"type": "function_call_output", "call_id": "c", "output": "1"}


def test_no_item_has_an_id() -> None:
    turn = (Reasoning("t", Signature("responses/openai", "s")), Text("a"), ToolCall("c", "f", "{}"))
    assert not any("id" in one for one in items(Message("assistant", turn)))


def test_a_call_without_arguments_has_none() -> None:
    assert item("assistant", ToolCall("c", "f", ""))["arguments"] == "{}"


def test_a_call_has_the_namespace_of_its_tool() -> None:
    tools = (Tool("f", namespace="ns"),)
    for call in (ToolCall("c", "f", "{}"), ToolCall("c", "f", "{}", "ns")):
        [one] = items(Message("assistant", (call,)), tools=tools)
        assert (one["name"], one["namespace"]) == ("f", "ns")


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (ToolResult("c", ()), ""),
        (ToolResult("c", (Text("1"),)), "1"),
        (ToolResult("c", (Text("1"),), error=True), "The tool failed: 1"),
        (ToolResult("c", (), error=True), "The tool failed:"),
        (
            ToolResult("c", (Text("1"), IMAGE)),
            [{"type": "input_text", "text": "1"}, {"type": "input_image", "image_url": URL, "detail": "auto"}],
        ),
        (
            ToolResult("c", (IMAGE,), error=True),
            [
                {"type": "input_text", "text": "The tool failed:"},
                {"type": "input_image", "image_url": URL, "detail": "auto"},
            ],
        ),
    ],
)
def test_a_result_is_a_text_where_it_is_one_and_says_where_the_tool_failed(result: ToolResult, output: object) -> None:
    assert item("user", result)["output"] == output


# --- thoughts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["responses/openai", "responses"])
def test_reasoning_goes_back_to_who_had_it(origin: str) -> None:
    assert item("assistant", Reasoning("Hm.", Signature(origin, "sealed"))) == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "sealed",
    }
    assert item("assistant", Reasoning("", Signature(origin, "sealed")))["summary"] == []


@pytest.mark.parametrize(
    "signature", [None, Signature("responses/xai", "s"), Signature("messages/anthropic", "s"), Signature("", "s")]
)
def test_another_s_reasoning_is_left_out_by_name(signature: Signature | None) -> None:
    thought = Message("assistant", (Reasoning("Hm.", signature), Text("Hi"), Reasoning("Ah.", signature)))
    written = responses.OUTBOUND.write_prompt(Prompt("m", (thought,)), ANY_VENDOR)
    assert written.dropped == ("messages.reasoning" if signature is None else "signature",)
    assert [one["type"] for one in written.body["input"]] == ["message"]


# --- what was written is read again ------------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
name = st.text("abc_-", min_size=1, max_size=8)
shown = st.one_of(
    st.builds(Text, words),
    st.builds(Image, st.just("image/png"), st.just("AA=="), st.sampled_from(["low", "high", "auto"])),
    st.builds(Document, st.just("application/pdf"), st.just("AA=="), words),
)
said = st.one_of(
    st.builds(Text, words),
    st.builds(Refusal, words),
    st.builds(Reasoning, words, st.builds(Signature, st.just("responses"), name)),
    st.builds(ToolCall, name, name, words, st.none() | name, st.booleans()),
)
result = st.builds(ToolResult, name, st.lists(shown, min_size=1, max_size=3).map(tuple), st.just(False), st.booleans())
turns = st.lists(
    st.one_of(
        st.builds(Message, st.just("system"), st.tuples(st.builds(Text, words))),
        st.builds(Message, st.just("user"), st.lists(shown, min_size=1, max_size=3).map(tuple)),
        st.builds(Message, st.just("user"), st.lists(result, min_size=1, max_size=3).map(tuple)),
        st.builds(Message, st.just("assistant"), st.lists(said, min_size=1, max_size=4).map(tuple)),
    ),
    max_size=5,
)


def joined(messages: list[Message]) -> tuple[Message, ...]:
    """The turns as the wire tells them apart: an assistant's that follow each other are one, and so are results."""
    found: list[Message] = []
    for message in messages:
        last = found[-1] if found else None
        one = last is not None and last.role == message.role == "assistant"
        results = (
            last is not None and isinstance(last.parts[-1], ToolResult) and isinstance(message.parts[0], ToolResult)
        )
        if last is not None and (one or results):
            found[-1] = Message(last.role, last.parts + message.parts)
        else:
            found.append(message)
    return tuple(found)


@given(turns)
def test_what_was_written_is_read_again(messages: list[Message]) -> None:
    body = responses.OUTBOUND.write_prompt(Prompt("m", tuple(messages)), ANY_VENDOR).body
    again = responses.INBOUND.read_prompt(Request(json.dumps(body).encode()))
    assert again.messages == joined(messages)


def test_a_wrapped_signature_comes_back_to_who_made_it() -> None:
    wrapped = signatures.wrap(Signature("responses/openai", "sealed"))
    body = {"model": "m", "input": [{"type": "reasoning", "summary": [], "encrypted_content": wrapped}]}
    prompt = responses.INBOUND.read_prompt(Request(json.dumps(body).encode()))
    assert items(*prompt.messages)[0]["encrypted_content"] == "sealed"


# --- a search that upstream makes by itself --------------------------------------------------------------------------


def test_a_search_is_offered_with_what_bounds_it() -> None:
    location = SearchLocation("Berlin", country="DE")
    search = SearchTool(3, ("a.example",), ("b.example",), location, live=False)
    sent = written(web_search=search, tools=(Tool("f"),))
    function, tool = sent.body["tools"]
    assert function["name"] == "f"
    assert tool == {
        "type": "web_search",
        "external_web_access": False,
        "filters": {"allowed_domains": ["a.example"]},
        "user_location": {"type": "approximate", "city": "Berlin", "country": "DE"},
    }
    assert sent.body["max_tool_calls"] == 3
    assert "tool_choice" not in sent.body
    assert sent.body["include"] == ["reasoning.encrypted_content", "web_search_call.action.sources"]
    assert sent.dropped == ("web_search.blocked_domains",)


def test_a_search_that_is_the_only_tool_must_be_made() -> None:
    sent = written(web_search=SearchTool(only=True))
    assert (sent.body["tools"], sent.body["tool_choice"]) == ([{"type": "web_search"}], {"type": "web_search"})
    assert "max_tool_calls" not in sent.body


@pytest.mark.parametrize("search", [SearchTool(only=True), SearchTool(2, ("a.example",), (), SearchLocation("Oslo"))])
async def test_the_simulated_gpt_takes_it_and_its_answer_is_read(search: SearchTool) -> None:
    said = Message("user", (Text("[[search rain]] Did it rain?"),))
    prompt = Prompt("gpt-5.5", (said,), stream=True, web_search=search)
    async with Simulator() as simulator, connected(simulator) as client:
        told = await client.post("/responses", responses.OUTBOUND.write_prompt(prompt, ABLE).body)
    reader, builder = responses.OUTBOUND.reader(prompt, ABLE), AnswerBuilder()
    for name, event in told.named:
        for found in reader.read(StreamMessage(name, json.dumps(event).encode())):
            builder.add(found)
    assert builder.answer is not None
    call, done, text = builder.answer.parts
    assert isinstance(call, SearchCall)
    assert isinstance(done, SearchDone)
    assert isinstance(text, Text)
    assert (call.query, done.id) == ("rain", call.id)
    (cited,) = [citation for _, citation in builder.answer.citations]
    assert [page.url for page in done.results] == [cited.url]
