from typing import Any

import pytest

from passenger.chat import signatures
from passenger.chat.prompt import Document, Image, Part, Reasoning, Signature, Text, ToolCall, ToolResult
from passenger.dialects.anthropic import messages_in
from passenger.dialects.anthropic.messages_in import Blocks
from passenger.errors import Failure

EVERY = messages_in.USER | messages_in.ASSISTANT
PNG = {"type": "base64", "media_type": "image/png", "data": "AA=="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
CACHE = {"type": "ephemeral"}


def read(*content: Any) -> tuple[tuple[Part, ...], list[str]]:
    blocks = Blocks()
    return blocks.read(list(content), "messages.0.content", EVERY), blocks.dropped


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        ({"type": "text", "text": "a", "cache_control": CACHE}, (Text("a", cache=True),)),
        ({"type": "text", "text": ""}, ()),
        ({"type": "image", "source": PNG}, (Image("image/png", "AA=="),)),
        ({"type": "document", "source": PDF, "title": "t"}, (Document("application/pdf", "JVBERg==", "t"),)),
        (
            {"type": "document", "source": {"type": "text", "data": "words"}, "title": "t", "context": "c"},
            (Text("c"), Text("t"), Text("words")),
        ),
        (
            {
                "type": "document",
                "source": {
                    "type": "content",
                    "content": [{"type": "text", "text": "a"}, {"type": "image", "source": PNG}],
                },
                "cache_control": CACHE,
            },
            (Text("a"), Image("image/png", "AA==", cache=True)),
        ),
        ({"type": "document", "source": {"type": "content", "content": "a"}}, (Text("a"),)),
        (
            {"type": "search_result", "title": "t", "source": "s", "content": [{"type": "text", "text": "found"}]},
            (Text("t\ns"), Text("found")),
        ),
        (
            {"type": "thinking", "thinking": "hm", "signature": "CAIS"},
            (Reasoning("hm", Signature("messages", "CAIS")),),
        ),
        ({"type": "thinking", "thinking": "hm", "signature": ""}, (Reasoning("hm"),)),
        ({"type": "thinking", "thinking": "hm"}, (Reasoning("hm"),)),
        ({"type": "thinking", "thinking": "", "signature": ""}, ()),
        ({"type": "redacted_thinking", "data": "Emw"}, (Reasoning("", Signature("messages", "Emw", redacted=True)),)),
        (
            {"type": "tool_use", "id": "a", "name": "f", "input": {"n": 10**30, "x": 1.5}},
            (ToolCall("a", "f", '{"n":1000000000000000000000000000000,"x":1.5}'),),
        ),
        ({"type": "tool_use", "id": "a", "name": "f"}, (ToolCall("a", "f", "{}"),)),
        ({"type": "tool_result", "tool_use_id": "a"}, (ToolResult("a", ()),)),
        ({"type": "tool_result", "tool_use_id": "a", "content": ""}, (ToolResult("a", ()),)),
        (
            {"type": "tool_result", "tool_use_id": "a", "content": "42", "is_error": True, "cache_control": CACHE},
            (ToolResult("a", (Text("42"),), error=True, cache=True),),
        ),
        (
            {
                "type": "tool_result",
                "tool_use_id": "a",
                "content": [
                    {"type": "text", "text": "see"},
                    {"type": "image", "source": PNG},
                    {"type": "document", "source": PDF},
                    {"type": "tool_reference", "tool_name": "Read"},
                ],
            },
            (
                ToolResult(
                    "a",
                    (
                        Text("see"),
                        Image("image/png", "AA=="),
                        Document("application/pdf", "JVBERg=="),
                        Text("Tool found: Read"),
                    ),
                ),
            ),
        ),
    ],
)
def test_every_kind_of_block_has_its_part(block: dict[str, Any], parts: tuple[Part, ...]) -> None:
    assert read(block) == (parts, [])


def test_a_signature_of_our_making_tells_where_it_is_from() -> None:
    signature = Signature("responses/openai", "gAAAA")
    (thought,), _ = read({"type": "thinking", "thinking": "", "signature": signatures.wrap(signature)})
    assert thought == Reasoning("", signature)
    (redacted,), _ = read(
        {"type": "redacted_thinking", "data": signatures.wrap(Signature("messages/anthropic", "E", redacted=True))}
    )
    assert redacted == Reasoning("", Signature("messages/anthropic", "E", redacted=True))


def test_unsigned_reasoning_of_another_vendor_keeps_its_words() -> None:
    parts, _ = read({"type": "thinking", "thinking": "hm", "signature": signatures.wrap(Signature("", ""))})
    assert parts == (Reasoning("hm"),)


@pytest.mark.parametrize(
    "kind",
    ["server_tool_use", "web_search_tool_result", "code_execution_tool_result", "mcp_tool_use", "mcp_tool_result"],
)
def test_what_a_server_did_is_left_out_by_name(kind: str) -> None:
    assert read({"type": kind, "content": []}) == ((), [f"messages[{kind}]"])


def test_what_only_tunes_is_left_out_by_name() -> None:
    text = {"type": "text", "text": "a", "citations": [{}], "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert read(text) == ((Text("a", cache=True),), ["citations", "cache_control.ttl"])
    document = {"type": "document", "source": PDF, "citations": {"enabled": True}}
    assert read(document)[1] == ["citations"]


@pytest.mark.parametrize("ttl", [["1h"], {}, 5])
def test_a_lifetime_of_another_shape_is_left_out_by_name_as_well(ttl: object) -> None:
    text = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": ttl}}
    assert read(text) == ((Text("a", cache=True),), ["cache_control.ttl"])


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"type": "document", "source": {"type": ["text"], "data": "a"}}, "messages.0.content.0.source"),
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            "messages.0.content.0.source",
        ),
        ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, "messages.0.content.0.source"),
        ({"type": "document", "source": {"type": "url", "url": "x"}}, "messages.0.content.0.source"),
        ({"type": "image"}, "messages.0.content.0.source"),
        ({"type": "image", "source": {"type": "base64", "data": "A"}}, "messages.0.content.0.source.media_type"),
        ({"type": "container_upload"}, "messages.0.content.0"),
        ({"type": "tool_use", "id": "a", "name": "f", "input": "x"}, "messages.0.content.0.input"),
        ({"type": "text"}, "messages.0.content.0.text"),
        ({"text": "a"}, "messages.0.content.0.type"),
        ("a", "messages.0.content.0"),
        (
            {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "tool_use"}]},
            "messages.0.content.0.content.0",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_where_it_stands(block: Any, param: str) -> None:
    with pytest.raises(Failure) as caught:
        read(block)
    assert caught.value.param == param
