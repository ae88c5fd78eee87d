import base64
import json
from typing import Any

import msgspec
import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import (
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Signature,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from passenger.chat.tool_names import ToolNames
from passenger.dialects.anthropic.messages_out import BEGINNING, Conversation, document, image, write_turns
from passenger.errors import Failure

OWN = Signature("messages/anthropic", "CAIS")


def says(role: Role, *parts: Part | str) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def talk(*messages: Message, tools: tuple[Tool, ...] = ()) -> tuple[Conversation, list[str]]:
    dropped: list[str] = []
    told = write_turns(messages, Capabilities("anthropic"), ToolNames(tools, 128), dropped)
    # As Copilot reads it: arguments go up as the text they are.
    return Conversation(told.system, json.loads(msgspec.json.encode(told.turns))), dropped


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_the_system_is_what_comes_first_and_a_reminder_later() -> None:
    told, _ = talk(says("system", "a"), says("system", "", "b"), says("user", "go"), says("system", "c"))
    assert told.system == [text("a"), text("b")]
    assert told.turns == [
        {"role": "user", "content": [text("go"), text("<system-reminder>\nc\n</system-reminder>")]},
    ]


def test_turns_alternate_and_results_come_first() -> None:
    told, _ = talk(
        says("user", "a", ""),
        says("user", "b"),
        says("assistant", "c"),
        says("assistant", ToolCall("1", "f", '{"n":1}')),
        says("system", "mind"),
        says("user", "d", ToolResult("1", (Text("42"), Text("")), error=True)),
    )
    result = {"type": "tool_result", "tool_use_id": "1", "content": [text("42")], "is_error": True}
    assert told.turns == [
        {"role": "user", "content": [text("a"), text("b")]},
        {"role": "assistant", "content": [text("c"), {"type": "tool_use", "id": "1", "name": "f", "input": {"n": 1}}]},
        {"role": "user", "content": [result, text("<system-reminder>\nmind\n</system-reminder>"), text("d")]},
    ]


def test_a_conversation_that_the_model_began_gets_a_beginning() -> None:
    told, _ = talk(says("assistant", "hello"), says("user", "hi"))
    assert told.turns[0] == {"role": "user", "content": [text(BEGINNING)]}


def test_a_system_without_a_user_is_the_user() -> None:
    told, _ = talk(says("system", "say hi"))
    assert told == Conversation([], [{"role": "user", "content": [text("say hi")]}])


def test_reasoning_goes_up_where_its_vendor_made_it_and_is_named_elsewhere() -> None:
    told, dropped = talk(
        says(
            "assistant",
            Reasoning("a", OWN),
            Reasoning("", Signature("messages", "Emw", redacted=True)),
            Reasoning("b", Signature("responses/openai", "gAAAA")),
            Reasoning("c"),
            Refusal("no"),
            Refusal(""),
        ),
        says("user", "go"),
    )
    assert told.turns[1]["content"] == [
        {"type": "thinking", "thinking": "a", "signature": "CAIS"},
        {"type": "redacted_thinking", "data": "Emw"},
        text("no"),
    ]
    assert dropped == ["signature", "messages.reasoning"]


def test_files_and_breakpoints_are_carried() -> None:
    result = ToolResult("1", (Image("image/png", "AA==", detail="high"), Text("x", cache=True)))
    told, dropped = talk(says("user", result, Document("application/pdf", "JVBERg==", "a.pdf", cache=True)))
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    cache = {"cache_control": {"type": "ephemeral"}}
    assert told.turns[0]["content"] == [
        {"type": "tool_result", "tool_use_id": "1", "content": [image, text("x")], **cache},
        {"type": "document", "source": pdf, "title": "a.pdf", **cache},
    ]
    assert dropped == ["detail"]


def test_calls_have_names_ids_and_arguments_that_anthropic_takes() -> None:
    tools = (Tool("run", namespace="mcp"), Tool("patch", custom=True))
    calls = (
        ToolCall("functions.run:0", "run", ""),
        ToolCall("2", "patch", "*** Begin", custom=True),
        ToolCall("3", "big", '{"n":123456789012345678901234567890}'),
    )
    told, _ = talk(says("assistant", *calls), says("user", ToolResult("functions.run:0", ())), tools=tools)
    first, second, third = told.turns[1]["content"]
    assert (first["name"], first["input"]) == ("mcp__run", {})
    assert (second["input"], third["input"]) == ({"input": "*** Begin"}, {"n": 123456789012345678901234567890})
    assert first["id"] == told.turns[2]["content"][0]["tool_use_id"] != "functions.run:0"


@pytest.mark.parametrize("arguments", ["{", "[1]", "5", "nonsense"])
def test_arguments_that_are_no_object_go_back_as_anthropic_asks_for(arguments: str) -> None:
    told, _ = talk(says("assistant", ToolCall("call_7", "f", arguments)), says("user", "go"))
    assert told.turns[1]["content"][0]["input"] == {"INVALID_JSON": arguments}


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (says("user", ""),),
        (says("user", "go"), says("assistant", "{")),
        (says("system", Image("image/png", "AA==")), says("user", "go")),
        (says("assistant", Image("image/png", "AA==")), says("user", "go")),
        (says("user", Document("application/zip", "AA==")),),
    ],
)
def test_what_claude_cannot_be_told_is_refused(messages: tuple[Message, ...]) -> None:
    with pytest.raises(Failure) as caught:
        talk(*messages)
    assert caught.value.param == "messages"


# --- pictures and documents ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("detail", "lost"), [(None, []), ("auto", []), ("low", ["detail"])])
def test_a_picture_goes_up_as_base64(detail: str | None, lost: list[str]) -> None:
    dropped: list[str] = []
    source = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    assert image(Image("image/png", "AA==", detail), dropped) == {"type": "image", "source": source}
    assert dropped == lost


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown; charset=utf-8", "application/json"])
def test_a_text_goes_up_as_text(media_type: str) -> None:
    data = base64.b64encode("é".encode()).decode()
    written = document(Document(media_type, data, "a.txt"))
    source = {"type": "text", "media_type": "text/plain", "data": "é"}
    assert written == {"type": "document", "source": source, "title": "a.txt"}


def test_a_pdf_goes_up_as_it_is() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    assert document(Document("application/PDF", "JVBERg==")) == {"type": "document", "source": source}


@pytest.mark.parametrize(
    ("media_type", "data"), [("application/zip", "AA=="), ("text/plain", "A"), ("text/plain", "é")]
)
def test_other_documents_are_refused(media_type: str, data: str) -> None:
    with pytest.raises(Failure) as caught:
        document(Document(media_type, data))
    assert caught.value.param == "messages"
