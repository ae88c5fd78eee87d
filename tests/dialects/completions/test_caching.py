from typing import Any

import pytest

from passenger.chat import Image, Message, Prompt, Refusal, Text, Tool, ToolCall, ToolResult
from passenger.dialects.caching import MOST
from passenger.dialects.completions.caching import cached, limit_breakpoints, mark

MARKED = {"copilot_cache_control": {"type": "ephemeral"}}


def system(text: str, *, cache: bool = False) -> Message:
    return Message("system", (Text("and"), Text(text, cache)))


def user(text: str, *, cache: bool = False) -> Message:
    return Message("user", (Text("and"), Text(text, cache)))


ASSISTANT = Message("assistant", (Text("ok"),))


def test_a_prompt_without_breakpoints_gets_four_where_they_pay() -> None:
    talk = (system("a"), system("b"), user("1"), ASSISTANT, user("2"), system("c"), ASSISTANT, user("3"))
    prompt = cached(Prompt("m", talk, tools=(Tool("f"), Tool("g"))))
    assert prompt.tools == (Tool("f"), Tool("g", cache=True))
    assert prompt.messages == (
        system("a"),
        system("b", cache=True),
        user("1"),
        ASSISTANT,
        user("2", cache=True),
        system("c"),
        ASSISTANT,
        user("3", cache=True),
    )


@pytest.mark.parametrize(
    ("talk", "marked"),
    [
        ((user("1"),), (user("1", cache=True),)),
        ((user("1"), system("a")), (user("1", cache=True), system("a"))),
        ((system("a"),), (system("a", cache=True),)),
        ((), ()),
    ],
)
def test_where_there_is_less_there_are_fewer(talk: tuple[Message, ...], marked: tuple[Message, ...]) -> None:
    assert cached(Prompt("m", talk)) == Prompt("m", marked)


@pytest.mark.parametrize(
    ("part", "marked"),
    [
        (Image("image/png", "AA=="), Image("image/png", "AA==", cache=True)),
        (ToolResult("c", (Text("a"),)), ToolResult("c", (Text("a"),), cache=True)),
        (Refusal("no"), Refusal("no")),
    ],
)
def test_a_breakpoint_is_after_the_last_part_that_can_bear_one(part: Any, marked: Any) -> None:
    assert cached(Prompt("m", (Message("user", (part,)),))).messages == (Message("user", (marked,)),)
    assert cached(Prompt("m", (Message("user", ()),))).messages == (Message("user", ()),)


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("m", (user("1"),), tools=(Tool("f", cache=True), Tool("g"))),
        Prompt("m", (user("1", cache=True), user("2"))),
        Prompt("m", (Message("assistant", (ToolCall("c", "f", "{}", cache=True),)), user("2"))),
        Prompt("m", (Message("user", (ToolResult("c", (Text("a", cache=True),)),)), user("2"))),
    ],
)
def test_the_clients_own_breakpoints_are_the_only_ones(prompt: Prompt) -> None:
    assert cached(prompt) == prompt


def test_the_last_four_are_kept_in_the_order_of_the_cache() -> None:
    tools = [mark({"n": 1}), {"n": 2}]
    parts = [mark({"n": 3}), mark({"n": 4})]
    body = {
        "tools": tools,
        "messages": [{"content": parts}, mark({"content": "a"}), mark({"content": None}), mark({"content": "b"})],
    }
    limit_breakpoints(body)
    kept = [{"n": 1}, {"n": 2}, {"n": 3}, mark({"n": 4})]
    assert [*body["tools"], *parts] == kept
    assert body["messages"][1:] == [mark({"content": "a"}), mark({"content": None}), mark({"content": "b"})]
    assert MOST == 4


def test_a_part_is_before_its_message() -> None:
    body: dict[str, Any] = {
        "messages": [mark({"content": [mark({"n": 1})]}), *[mark({"content": "a"}) for _ in range(3)]]
    }
    limit_breakpoints(body)
    assert body["messages"][0] == mark({"content": [{"n": 1}]})


def test_a_mark_is_copilots() -> None:
    assert mark({"a": 1}) == {"a": 1, **MARKED}
    assert mark({"a": 1}, wanted=False) == {"a": 1}
