from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from passenger.chat.prompt import Image, Message, Reasoning, Text, ToolCall, ToolResult
from passenger.dialects.ollama import messages_in
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode
from tests.dialects.ollama.asking import GIF, HELLO, JPEG, PNG, WEBP


def read_messages(messages: Sequence[object]) -> tuple[Message, ...]:
    return messages_in.read_messages(JsonNode({"messages": messages}))


def read_images(owner: Mapping[str, object], path: str = "") -> tuple[Image, ...]:
    return messages_in.read_images(JsonNode(dict(owner), path))


def call(name: str, **rest: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": {"n": 1}}, **rest}


def asks(*calls: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "tool_calls": list(calls), **rest}


def result(content: str, **rest: Any) -> dict[str, Any]:
    return {"role": "tool", "content": content, **rest}


def answered(messages: list[object]) -> dict[str, str]:
    """The words that each call was answered with."""
    found: dict[str, str] = {}
    for turn in read_messages(messages):
        for part in turn.parts:
            if isinstance(part, ToolResult):
                found[part.call_id] = "".join(piece.text for piece in part.content if isinstance(piece, Text))
    return found


def test_every_role_has_its_turn() -> None:
    read = read_messages(
        [
            {"role": "system", "content": "be kind"},
            {"role": "developer", "content": "be brief"},
            HELLO,
            {"role": "assistant", "content": "hi", "thinking": "hm"},
            {"role": "user", "content": "bye"},
        ]
    )
    assert read == (
        Message("system", (Text("be kind"),)),
        Message("system", (Text("be brief"),)),
        Message("user", (Text("hello"),)),
        Message("assistant", (Reasoning("hm"), Text("hi"))),
        Message("user", (Text("bye"),)),
    )


def test_pictures_come_before_the_words() -> None:
    (turn,) = read_messages([{"role": "user", "content": "what?", "images": [PNG, JPEG]}])
    assert turn.parts == (Image("image/png", PNG), Image("image/jpeg", JPEG), Text("what?"))


@pytest.mark.parametrize("empty", [{"content": ""}, {"content": None}, {}, {"content": "", "images": []}])
def test_a_message_that_says_nothing_is_no_turn(empty: dict[str, Any]) -> None:
    assert read_messages([{"role": "assistant", **empty}, HELLO]) == (Message("user", (Text("hello"),)),)
    with pytest.raises(Failure) as caught:
        read_messages([{"role": "user", **empty}])
    assert caught.value.param == "messages"


def test_calls_without_ids_get_them_by_their_place() -> None:
    read = read_messages([HELLO, asks(call("a"), call("b", id="own"), call("c", id=""))])
    assert read[1].parts == (
        ToolCall("call_1_0", "a", '{"n":1}'),
        ToolCall("own", "b", '{"n":1}'),
        ToolCall("call_1_2", "c", '{"n":1}'),
    )


def test_results_are_paired_by_id() -> None:
    found = answered([asks(call("a", id="x"), call("a", id="y")), result("Y", tool_call_id="y"), result("X")])
    assert found == {"x": "X", "y": "Y"}


@pytest.mark.parametrize("field", ["tool_name", "name"])
def test_results_are_paired_by_name(field: str) -> None:
    found = answered([asks(call("a"), call("b"), call("b")), *[result(word, **{field: word}) for word in "bab"]])
    assert found == {"call_0_0": "a", "call_0_1": "b", "call_0_2": "b"}


def test_results_are_paired_by_order() -> None:
    found = answered([asks(call("a"), call("b")), result("1"), result("2", tool_call_id="made up")])
    assert found == {"call_0_0": "1", "call_0_1": "2"}


def test_results_come_first_in_the_users_turn_that_follows() -> None:
    read = read_messages([asks(call("a")), result("rain"), {"role": "user", "content": "so?"}])
    assert read[1:] == (Message("user", (ToolResult("call_0_0", (Text("rain"),)), Text("so?"))),)


def test_results_that_nobody_has_spoken_after_are_a_turn_of_their_own() -> None:
    results = Message("user", (ToolResult("call_0_0", (Text("rain"),)),))
    again = {"role": "assistant", "content": "it rains"}
    noted = {"role": "system", "content": "hurry"}
    assert read_messages([asks(call("a")), result("rain")])[1] == results
    assert read_messages([asks(call("a")), result("rain"), again])[1] == results
    assert read_messages([asks(call("a")), result("rain"), noted])[1] == results


def test_a_result_may_hold_pictures_or_nothing() -> None:
    read = read_messages([asks(call("a"), call("b")), result("", images=[PNG]), result("")])
    assert read[1].parts == (ToolResult("call_0_0", (Image("image/png", PNG),)), ToolResult("call_0_1", ()))


def test_the_calls_of_one_turn_may_be_messages_of_their_own() -> None:
    read = read_messages([HELLO, asks(call("a"), content="Look:"), asks(call("b")), result("A"), result("B")])
    called = (Text("Look:"), ToolCall("call_1_0", "a", '{"n":1}'), ToolCall("call_2_0", "b", '{"n":1}'))
    assert read[1] == Message("assistant", called)
    results = (ToolResult("call_1_0", (Text("A"),)), ToolResult("call_2_0", (Text("B"),)))
    assert read[2:] == (Message("user", results),)


def test_assistants_words_stay_turns_of_their_own() -> None:
    said: list[object] = [{"role": "assistant", "content": word} for word in "ab"]
    assert read_messages(said) == (Message("assistant", (Text("a"),)), Message("assistant", (Text("b"),)))


def test_a_second_round_of_the_same_tool_is_paired_with_the_second_call() -> None:
    found = answered([asks(call("a")), result("1"), asks(call("a")), result("2", tool_name="a")])
    assert found == {"call_0_0": "1", "call_2_0": "2"}


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([result("rain")], "messages[0]"),
        ([HELLO, result("rain", tool_call_id="call_1")], "messages[1]"),
        ([asks(call("a")), result("1"), result("2")], "messages[2]"),
        (["hello"], "messages[0]"),
        ([{"content": "hello"}], "messages[0].role"),
        ([{"role": "robot", "content": "hello"}], "messages[0].role"),
        ([{"role": "user", "content": [{"type": "text"}]}], "messages[0].content"),
        ([{"role": "user", "content": "", "images": ["?"]}], "messages[0].images[0]"),
        ([{"role": "assistant", "thinking": 1}], "messages[0].thinking"),
        ([{"role": "assistant", "tool_calls": {}}], "messages[0].tool_calls"),
        ([asks({})], "messages[0].tool_calls[0].function"),
        ([asks({"function": {"arguments": {}}})], "messages[0].tool_calls[0].function.name"),
        ([asks({"function": {"name": ""}})], "messages[0].tool_calls[0].function.name"),
        ([asks({"function": {"name": "a", "arguments": "x"}})], "messages[0].tool_calls[0].function.arguments"),
        ([asks(call("a", id=1))], "messages[0].tool_calls[0].id"),
        ([], "messages"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_place(messages: list[object], field: str) -> None:
    with pytest.raises(Failure) as caught:
        read_messages(messages)
    assert caught.value.param == field


# --- pictures ----------------------------------------------------------------------------------------------------


TYPES = [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")]


@pytest.mark.parametrize(("data", "media_type"), TYPES)
def test_a_pictures_type_is_known_by_how_it_begins(data: str, media_type: str) -> None:
    assert read_images({"images": [data]}) == (Image(media_type, data),)


def test_the_bytes_count_and_not_what_a_data_url_says() -> None:
    for url in (f"data:image/png;base64,{JPEG}", f"DATA:;base64,{JPEG}", f"data:image/jpeg;name=a;BASE64,{JPEG}"):
        assert read_images({"images": [url]}) == (Image("image/jpeg", JPEG),)


def test_line_breaks_within_base64_are_taken_out() -> None:
    assert read_images({"images": [f"{PNG[:20]}\r\n{PNG[20:]}\n"]}) == (Image("image/png", PNG),)


@pytest.mark.parametrize("body", [{}, {"images": None}, {"images": []}])
def test_no_pictures_are_normal(body: dict[str, Any]) -> None:
    assert read_images(body) == ()


@pytest.mark.parametrize("bad", ["", "https://example.com/a.png", "JVBERi0xLjQ=", "not base64!", "iVBORw0KGg", 1, None])
def test_anything_else_is_refused_by_its_place(bad: object) -> None:
    with pytest.raises(Failure) as caught:
        read_images({"images": [PNG, bad]}, "messages[2]")
    assert caught.value.param == "messages[2].images[1]"


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        read_images({"images": PNG})
    assert caught.value.param == "images"
