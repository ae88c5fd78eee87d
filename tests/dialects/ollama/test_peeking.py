from typing import Any

import pytest

from passenger.chat import Ask, Initiator
from passenger.dialects import Request
from passenger.dialects.ollama.peeking import peek_chat, peek_generate
from passenger.errors import Failure
from tests.dialects.ollama.asking import HELLO, PNG, TOOL, chatting, generating

REMINDER = "<system-reminder>be good</system-reminder>"
RESULT = {"role": "tool", "content": "rain"}
REMINDED = {"role": "user", "content": REMINDER}


def test_the_least_chat_streams_and_is_a_persons() -> None:
    assert peek_chat(chatting()) == Ask("gpt-4o", stream=True, initiator=Initiator.USER)
    assert peek_generate(generating()) == Ask("gpt-4o", stream=True, initiator=Initiator.USER)


def test_the_model_is_meant_without_the_tag_latest() -> None:
    assert peek_chat(chatting(model="gpt-4o:latest")).model == "gpt-4o"
    assert peek_generate(generating(model=None, name="gpt-4o:latest")).model == "gpt-4o"


@pytest.mark.parametrize(("said", "meant"), [(None, True), (True, True), (False, False)])
def test_an_answer_streams_unless_the_client_says_no(said: bool | None, meant: bool) -> None:
    assert peek_chat(chatting(stream=said)).stream is meant
    assert peek_generate(generating(stream=said)).stream is meant


@pytest.mark.parametrize(
    ("said", "meant"), [(None, False), (False, False), ("none", False), (True, True), ("low", True)]
)
def test_thinking_is_known(said: object, meant: bool) -> None:
    assert peek_chat(chatting(think=said)).thinks is meant
    assert peek_generate(generating(think=said)).thinks is meant


def test_tools_are_known() -> None:
    assert peek_chat(chatting(tools=[TOOL])).tools
    assert not peek_chat(chatting(tools=[])).tools


def test_pictures_are_known_wherever_they_are() -> None:
    assert peek_chat(chatting({**HELLO, "images": [PNG]}, {"role": "assistant", "content": "nice"}, HELLO)).vision
    assert not peek_chat(chatting({**HELLO, "images": []})).vision
    assert peek_generate(generating(images=[PNG])).vision
    assert peek_generate(generating(prompt="", images=[PNG])).vision


@pytest.mark.parametrize(
    ("messages", "initiator"),
    [
        ([HELLO], Initiator.USER),
        ([HELLO, RESULT], Initiator.AGENT),
        ([HELLO, {"role": "assistant", "content": "and"}], Initiator.AGENT),
        ([RESULT, REMINDED], Initiator.AGENT),
        ([RESULT, REMINDED, HELLO], Initiator.USER),
        ([RESULT, {**REMINDED, "images": [PNG]}], Initiator.USER),
        ([REMINDED], Initiator.USER),
    ],
)
def test_a_person_asks_where_the_last_words_are_ones_own(messages: list[Any], initiator: Initiator) -> None:
    assert peek_chat(chatting(*messages)).initiator is initiator


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"model": ""}, "model"),
        ({"model": None}, "model"),
        ({"model": 1}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"think": 1}, "think"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_must_be_known_is_demanded(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Failure) as caught:
        peek_chat(chatting(**fields))
    assert caught.value.param == field


@pytest.mark.parametrize("fields", [{"prompt": ""}, {"prompt": None}, {"prompt": "", "images": []}])
def test_a_text_needs_a_prompt(fields: dict[str, Any]) -> None:
    with pytest.raises(Failure) as caught:
        peek_generate(generating(**fields))
    assert caught.value.param == "prompt"


def test_lone_surrogates_are_read_wherever_they_are() -> None:
    body = rb'{"model":"m\ud800","messages":[{"role":"user","content":"\ud800","images":["x"]}],"tools":[{"\udfff":1}]}'
    assert peek_chat(Request(body)) == Ask("m\ufffd", stream=True, initiator=Initiator.USER, vision=True, tools=True)
