"""What of a prompt is counted."""

from passenger.chat.prompt import (
    Document,
    Grammar,
    Image,
    Message,
    Prompt,
    Reasoning,
    Refusal,
    Schema,
    Signature,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from passenger.tokens.content import IMAGE, MESSAGE, content


def test_every_text_of_a_prompt_is_counted_once() -> None:
    messages = (
        Message("system", (Text("one"),)),
        Message("user", (Text("two"), Text(""))),
        Message(
            "assistant", (Reasoning("three", Signature("x/y", "sealed")), Refusal("four"), ToolCall("c", "f", "{}"))
        ),
        Message("user", (ToolResult("c", (Text("five"),)),)),
    )
    assert content(Prompt("m", messages)).texts == ["one", "two", "three", "four", "f {}", "five"]


def test_tools_and_an_answers_schema_are_texts() -> None:
    tools = (
        Tool("f", "does", {"type": "object"}),
        Tool("g", custom=True, grammar=Grammar("lark", "start: A")),
    )
    found = content(Prompt("m", (), tools=tools, schema=Schema({"type": "string"})))
    assert found.texts == ['f\ndoes\n{"type":"object"}', "g\nstart: A", '{"type":"string"}']
    assert found.frame == 2 * MESSAGE


def test_messages_calls_and_results_are_framed() -> None:
    prompt = Prompt(
        "m", (Message("assistant", (ToolCall("c", "f", ""),)), Message("user", (ToolResult("c", (Text("x"),)),)))
    )
    assert content(prompt).frame == 4 * MESSAGE


def test_pictures_and_files_are_priced_also_within_a_tools_result() -> None:
    image = Image("image/png", "AAAA")
    prompt = Prompt("m", (Message("user", (ToolResult("c", (image,)), image, Document("application/pdf", "A" * 900))),))
    found = content(prompt)
    assert found.media == 2 * IMAGE + 9
    assert found.texts == []
