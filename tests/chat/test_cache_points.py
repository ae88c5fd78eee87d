from typing import Any

import pytest
from msgspec.structs import replace

from passenger.chat.cache_points import BYTES_A_TOKEN, MOST, is_large, least_cached, pays, with_cache_points
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import (
    Document,
    Image,
    Message,
    Prompt,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

CLAUDE = Capabilities("anthropic", least_cached=1024)
ENOUGH = 1024 * BYTES_A_TOKEN
LARGE = Message("user", (Text("x" * ENOUGH),))
SMALL = Message("user", (Text("x" * (ENOUGH - 1)),))
ANSWER = Message("assistant", (Text("ok"),))


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-sonnet-4", 1024),
        ("claude-sonnet-4.5", 1024),
        ("claude-opus-4.1", 1024),
        ("claude-opus-41", 1024),
        ("claude-sonnet-4.6", 2048),
        ("claude-3.5-haiku", 2048),
        ("claude-haiku-4.5", 4096),
        ("claude-opus-4.5", 4096),
        ("claude-opus-4.6-1m", 4096),
        ("claude-opus-5", 4096),
        ("claude-of-tomorrow", 1024),
    ],
)
def test_each_model_has_its_minimum(model: str, least: int) -> None:
    assert least_cached(model) == least


@pytest.mark.parametrize(
    ("prompt", "worth"),
    [
        (Prompt("m", (LARGE,)), False),
        (Prompt("m", (LARGE,), tools=(Tool("f"),)), True),
        (Prompt("m", (LARGE, ANSWER, SMALL)), True),
        (Prompt("m", (ANSWER, Message("user", (Text("x"),)))), False),
        (Prompt("m", (SMALL,), tools=(Tool("f"),)), True),  # the tool's schema
        (Prompt("m", (Message("user", (Text("x"),)),), tools=(Tool("f", "y" * ENOUGH),)), True),
        (Prompt("m", (Message("user", (Text("x"),)),), tools=(Tool("f", schema={"d": "y" * ENOUGH}),)), True),
    ],
)
def test_breakpoints_pay_where_a_second_turn_is_likely_and_the_prompt_is_large(prompt: Prompt, worth: bool) -> None:
    assert pays(prompt, CLAUDE) is worth
    assert not pays(prompt, Capabilities("openai"))


@pytest.mark.parametrize(
    "part",
    [
        ToolCall("c", "f", "x" * ENOUGH),
        ToolResult("c", (Text("x" * ENOUGH),)),
        Image("image/png", "x" * ENOUGH),
        Document("application/pdf", "x" * ENOUGH),
    ],
)
def test_every_kind_of_part_counts(part: ToolCall | ToolResult | Image | Document) -> None:
    assert pays(Prompt("m", (ANSWER, Message("user", (part,)))), CLAUDE)


def test_as_many_bytes_as_the_minimum_may_have_are_enough() -> None:
    assert [is_large(size, CLAUDE) for size in (ENOUGH - 1, ENOUGH)] == [False, True]
    assert not is_large(10**9, Capabilities("google"))


# --- where they are set ------------------------------------------------------------------------------------------

ALWAYS = Capabilities("anthropic", least_cached=0)
"""A model for which they pay whenever a second turn is likely."""


def cached(prompt: Prompt) -> Prompt:
    """The prompt with breakpoints, as it is once the model has answered."""
    found = with_cache_points(replace(prompt, messages=(*prompt.messages, ANSWER)), ALWAYS)
    assert found.messages[-1] == ANSWER
    return replace(found, messages=found.messages[:-1])


def system(text: str, *, cache: bool = False) -> Message:
    return Message("system", (Text("and"), Text(text, cache)))


def user(text: str, *, cache: bool = False) -> Message:
    return Message("user", (Text("and"), Text(text, cache)))


def test_a_prompt_without_breakpoints_gets_four_where_they_pay() -> None:
    talk = (system("a"), system("b"), user("1"), ANSWER, user("2"), system("c"), ANSWER, user("3"))
    prompt = cached(Prompt("m", talk, tools=(Tool("f"), Tool("g"))))
    assert prompt.tools == (Tool("f"), Tool("g", cache=True))
    assert prompt.messages == (
        system("a"),
        system("b", cache=True),
        user("1"),
        ANSWER,
        user("2", cache=True),
        system("c"),
        ANSWER,
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
        (Document("text/plain", "AA=="), Document("text/plain", "AA==", cache=True)),
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


def test_where_they_do_not_pay_none_is_set_and_the_clients_own_stay() -> None:
    plain, own = Prompt("m", (user("1"),), tools=(Tool("f"),)), Prompt("m", (user("1", cache=True), ANSWER))
    assert with_cache_points(plain, CLAUDE) is plain
    assert with_cache_points(own, CLAUDE) is own
    assert with_cache_points(plain, Capabilities("google")) is plain


def test_what_is_said_between_two_answers_is_one_turn() -> None:
    talk = (user("1"), ANSWER, user("2"), user("3"), ANSWER, user("4"), system("a"), user("5"))
    marked = (user("1"), ANSWER, user("2"), user("3", cache=True), ANSWER, user("4"), system("a"))
    assert cached(Prompt("m", talk)).messages == (*marked, user("5", cache=True))


def test_a_text_without_words_bears_none() -> None:
    empty, said = Text(""), Message("user", (Text("a"), Text("")))
    assert cached(Prompt("m", (said,))).messages == (Message("user", (Text("a", cache=True), empty)),)
    own = (Message("user", (Text("", cache=True),)), Message("system", ()))
    assert cached(Prompt("m", (*own, user("1")))).messages == (*own, user("1", cache=True))


def test_a_tool_that_is_not_offered_bears_none() -> None:
    prompt = Prompt("m", (user("1"),), tools=(Tool("f"), Tool("g")), tool_choice=ToolChoice("auto", ("f",)))
    assert cached(prompt).tools == (Tool("f", cache=True), Tool("g"))


# --- how many there are ------------------------------------------------------------------------------------------


def test_of_too_many_the_last_four_stay_in_the_order_of_the_cache() -> None:
    assert MOST == 4
    marked, plain = Tool("f", cache=True), Tool("f")
    prompt = Prompt("m", (system("a", cache=True), user("1", cache=True), ANSWER), tools=(marked, Tool("g")))
    assert cached(prompt) == prompt
    more = (user("2", cache=True), ANSWER, user("3", cache=True))
    assert cached(replace(prompt, messages=(*prompt.messages, *more))) == replace(
        prompt, tools=(plain, Tool("g")), messages=(*prompt.messages, *more)
    )
    call = Message("assistant", (ToolCall("c", "f", "{}", cache=True),))
    most = (*prompt.messages, *more, call)
    assert cached(replace(prompt, messages=most)) == replace(
        prompt, tools=(plain, Tool("g")), messages=(system("a"), *most[1:])
    )


@pytest.mark.parametrize(
    "result", [ToolResult("c", (Text("a"),), cache=True), ToolResult("c", (Image("image/png", "AA==", cache=True),))]
)
def test_a_result_bears_one_breakpoint_whatever_in_it_does(result: ToolResult) -> None:
    rest = tuple(user(str(number), cache=True) for number in range(3))
    four = Prompt("m", (Message("user", (result,)), *rest))
    assert cached(four) == four
    bare = replace(result, cache=False, content=tuple(replace(inner, cache=False) for inner in result.content))
    assert cached(replace(four, messages=(*four.messages, user("4", cache=True)))).messages == (
        Message("user", (bare,)),
        *rest,
        user("4", cache=True),
    )
