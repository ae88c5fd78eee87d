from typing import Any

import httpx
import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Answer, Reason, Usage, unfold
from passenger.chat.prompt import Ask, Initiator, Message, Prompt, Reasoning, Text, ToolCall, ToolResult
from passenger.dialects import Inbound, Request
from passenger.dialects.framing import NDJSON
from passenger.errors import Failure, Kind
from tests.dialects.ollama.asking import CHAT, CHAT_LOAD, HELLO, STAMP, TOOL, chatting, outcome, torn

ANSWER = Answer(
    "m", (Reasoning("hm"), Text("Look:"), ToolCall("call_x", "weather", '{"city":"Oslo"}')), Reason.TOOL, Usage(7, 3)
)


def test_it_is_a_dialect_without_signatures() -> None:
    inbound: Inbound = CHAT
    assert inbound.name == "ollama"
    assert not inbound.round_trips_reasoning
    assert not inbound.fails_in_stream


def test_every_tuning_field_of_the_hub_has_its_name_here() -> None:
    hub = set(Prompt.__struct_fields__)
    assert set(CHAT.fields) - {"document", "reasoning.effort", "messages.reasoning"} <= hub
    assert {"limit", "stop", "schema", "reasoning", "top_k"} <= set(CHAT.fields)


def test_answers_are_lines_and_silence_is_silence() -> None:
    assert CHAT.framing(chatting()) is NDJSON
    assert CHAT.keep_alive == (b"", b"")


# --- Ollama's own client -----------------------------------------------------------------------------------------


def client(served: list[Request]) -> ollama.Client:
    """One that is answered by this dialect, and whose requests are kept."""

    def answer(asked: httpx.Request) -> httpx.Response:
        request = Request(asked.read())
        served.append(request)
        prompt = CHAT.read_prompt(request)
        if not prompt.stream:
            return httpx.Response(200, content=CHAT.write_answer(prompt, ANSWER, STAMP))
        writer = CHAT.writer(prompt, STAMP)
        lines = [NDJSON.frame(line) for event in unfold(ANSWER) for line in writer.send(event)]
        return httpx.Response(200, content=b"".join(lines))

    return ollama.Client(host="http://ollama.test", transport=httpx.MockTransport(answer))


def test_its_client_goes_two_rounds_with_a_tool() -> None:
    served: list[Request] = []
    sdk = client(served)
    first = sdk.chat(model="gpt-4o", messages=[HELLO], tools=[TOOL], think=True, options={"num_ctx": 4096})
    history: list[Any] = [HELLO, first.message, {"role": "tool", "tool_name": "weather", "content": "rain"}]
    sdk.chat(model="gpt-4o", messages=history, tools=[TOOL])
    assert CHAT.peek(served[1]) == Ask("gpt-4o", stream=False, initiator=Initiator.AGENT, tools=True)
    call = ToolCall("call_1_0", "weather", '{"city":"Oslo"}')
    assert CHAT.read_prompt(served[1]).messages == (
        Message("user", (Text("hello"),)),
        Message("assistant", (Reasoning("hm"), Text("Look:"), call)),
        Message("user", (ToolResult("call_1_0", (Text("rain"),)),)),
    )


def test_its_client_reads_a_stream() -> None:
    chunks = list(client([]).chat(model="gpt-4o", messages=[HELLO], stream=True))
    assert [chunk.message.thinking for chunk in chunks] == ["hm", None, None, None]
    assert [chunk.message.content for chunk in chunks] == ["", "Look:", "", ""]
    assert (chunks[-1].done, chunks[-1].eval_count) == (True, 3)


def test_its_client_raises_what_breaks_a_stream() -> None:
    line = NDJSON.frame(CHAT.write_break(Failure(Kind.UPSTREAM, "it broke")))
    sdk = ollama.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=line)))
    with pytest.raises(ollama.ResponseError, match="it broke"):
        list(sdk.chat(model="m", messages=[HELLO], stream=True))


def test_its_client_raises_what_is_refused() -> None:
    body = CHAT.write_failure(Failure(Kind.NOT_FOUND, "model 'm' not found"))
    sdk = ollama.Client(transport=httpx.MockTransport(lambda _: httpx.Response(404, content=body)))
    with pytest.raises(ollama.ResponseError, match="model 'm' not found") as caught:
        sdk.chat(model="m", messages=[HELLO])
    assert (caught.value.error, caught.value.status_code) == ("model 'm' not found", 404)


# --- any JSON ----------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        "role",
        "content",
        "images",
        "thinking",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "tool_call_id",
        "tool_name",
        "type",
        "parameters",
        "stop",
        "seed",
        "num_predict",
    ]
)
SAID: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]) | SAID},
    optional={
        "content": st.text() | SAID,
        "images": st.lists(st.text()) | SAID,
        "thinking": st.text() | SAID,
        "tool_calls": st.lists(
            st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": st.text() | SAID, "arguments": SAID})})
        )
        | SAID,
        "tool_name": st.text() | SAID,
    },
)
BODIES = st.fixed_dictionaries(
    {"model": st.text() | SAID, "messages": st.lists(MESSAGES, max_size=5) | SAID},
    optional=dict.fromkeys(("stream", "tools", "format", "think", "options", "keep_alive", "name", "x"), SAID),
)


@given(BODIES, st.booleans())
def test_any_json_is_read_or_refused_as_the_callers_fault(body: dict[str, Any], halves: bool) -> None:
    for reading in (CHAT.peek, CHAT.read_prompt, CHAT_LOAD.is_load):
        found = outcome(reading, torn(body, halves))
        assert found is Kind.INVALID or isinstance(found, Ask | Prompt | bool)
        str(found).encode()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"model": NaN}', b"\xff", b"[" * 5000, b'{"a":' * 5000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    for reading in (CHAT.peek, CHAT.read_prompt):
        with pytest.raises(Failure) as caught:
            reading(Request(body))
        assert caught.value.status == 400
