from typing import Any

import pytest

from passenger.chat import Message, Prompt, Reasoning, Schema, Text, Tool
from tests.dialects.ollama.asking import HELLO, TOOL, WEATHER, chat_prompt, chatting, generate_prompt, refused

USER = Message("user", (Text("hello"),))


def test_the_least_request_says_nothing_more_than_that_it_streams() -> None:
    assert chat_prompt() == Prompt("gpt-4o", (USER,), stream=True)
    assert generate_prompt() == Prompt("gpt-4o", (USER,), stream=True)


def test_a_whole_request_is_read() -> None:
    said = {"temperature": 1, "num_predict": 100, "stop": ["END"], "top_p": 0.5, "top_k": 3, "seed": 7}
    read = chat_prompt(stream=False, tools=[TOOL], format=WEATHER, think="high", options=said, keep_alive="5m")
    assert read == Prompt(
        "gpt-4o",
        (USER,),
        tools=(Tool("weather", "It", WEATHER),),
        limit=100,
        temperature=1.0,
        top_p=0.5,
        top_k=3,
        stop=("END",),
        seed=7,
        schema=Schema(WEATHER),
        reasoning=Reasoning("high", show=True),
    )


def test_the_model_stays_as_it_was_asked_for() -> None:
    assert chat_prompt(model="gpt-4o:latest").model == "gpt-4o:latest"
    assert chat_prompt(model=None, name="gpt-4o").model == "gpt-4o"


def test_what_is_not_known_is_named() -> None:
    read = chat_prompt(options={"num_ctx": 1}, logprobs=True, top_logprobs=3, truncate=True, shift=True, sparkle="x")
    assert set(read.dropped) == {"logprobs", "top_logprobs", "truncate", "shift", "sparkle", "options.num_ctx"}


@pytest.mark.parametrize(
    "harmless",
    [
        {"keep_alive": -1},
        {"keep_alive": "1h"},
        {"truncate": False, "shift": False, "logprobs": False, "top_logprobs": 0},
        {"think": None, "format": "", "options": None, "tools": [], "sparkle": None},
    ],
)
def test_what_changes_nothing_is_not_named(harmless: dict[str, Any]) -> None:
    assert chat_prompt(**harmless) == chat_prompt()


def test_tools_are_a_chats_only() -> None:
    read = generate_prompt(tools=[TOOL])
    assert (read.tools, read.dropped) == ((), ("tools",))


@pytest.mark.parametrize(("field", "value"), [("stream", "yes"), ("model", 3), ("tools", {}), ("think", 2)])
def test_a_field_of_the_wrong_type_is_refused_by_name(field: str, value: object) -> None:
    assert refused(chatting(HELLO, **{field: value})).param == field
