import pytest

from passenger.chat import Abilities, Document, Image, Message, Prompt, Text, Tool, ToolCall, ToolResult
from passenger.dialects.caching import BYTES_A_TOKEN, is_large, least_cached, pays

CLAUDE = Abilities("anthropic", least_cached=1024)
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
    assert not pays(prompt, Abilities("openai"))


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
    assert not is_large(10**9, Abilities("google"))
