from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.prompt import Ask, Initiator
from passenger.dialects import Request
from passenger.dialects.ollama.peek import peek_chat, peek_generate, read_model_name, resolve_name
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode
from tests.dialects.ollama.asking import (
    CHAT,
    CHAT_LOAD,
    GENERATE,
    GENERATE_LOAD,
    HELLO,
    PNG,
    STAMP,
    TOOL,
    chatting,
    generating,
    request,
)

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
    assert peek_chat(chatting(think=said)).wants_reasoning is meant
    assert peek_generate(generating(think=said)).wants_reasoning is meant


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


# --- the model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [("gpt-4o", "gpt-4o"), ("gpt-4o:latest", "gpt-4o"), ("m:7b", "m:7b"), ("a:latest:latest", "a:latest")],
)
def test_only_the_tag_latest_is_no_part_of_a_name(said: str, meant: str) -> None:
    assert resolve_name(said) == meant
    assert read_model_name(JsonNode({"model": said})) == said


def test_the_fields_old_name_counts_where_the_new_one_is_missing() -> None:
    assert (
        read_model_name(JsonNode({"name": "old"}))
        == read_model_name(JsonNode({"model": "", "name": "old"}))
        == resolve_name(None, "old")
        == "old"
    )
    assert read_model_name(JsonNode({"model": "new", "name": "old"})) == resolve_name("new", "old") == "new"


@pytest.mark.parametrize("body", [{}, {"model": None}, {"model": ""}, {"model": ":latest"}, {"model": 1}])
def test_no_model_is_refused_by_name(body: dict[str, object]) -> None:
    with pytest.raises(Failure) as caught:
        read_model_name(JsonNode(body))
    assert caught.value.param == "model"


# --- loading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{}, {"messages": None}, {"messages": []}, {"messages": [], "stream": False}])
def test_a_chat_without_messages_loads(fields: dict[str, Any]) -> None:
    assert CHAT_LOAD.is_load(request(model="m", **fields))


@pytest.mark.parametrize("fields", [{}, {"prompt": None}, {"prompt": ""}, {"prompt": "", "images": []}])
def test_a_text_without_a_prompt_loads(fields: dict[str, Any]) -> None:
    assert GENERATE_LOAD.is_load(request(model="m", **fields))


def test_anything_to_answer_does_not_load() -> None:
    assert not CHAT_LOAD.is_load(chatting(HELLO))
    assert not GENERATE_LOAD.is_load(generating())
    assert not GENERATE_LOAD.is_load(generating(prompt="", images=[PNG]))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages": "x", "prompt": 1}', b"[" * 5000])
def test_what_cannot_be_read_does_not_load(body: bytes) -> None:
    assert not CHAT_LOAD.is_load(Request(body))
    assert not GENERATE_LOAD.is_load(Request(body))


def test_the_model_to_look_up_is_known() -> None:
    assert CHAT_LOAD.model(request(name="gpt-4o:latest")) == "gpt-4o"
    for ask in (CHAT_LOAD.model, GENERATE_LOAD.model, lambda asked: CHAT_LOAD.write(asked, STAMP)):
        with pytest.raises(Failure) as caught:
            ask(request(messages=[]))
        assert caught.value.param == "model"


@given(
    st.dictionaries(
        st.sampled_from(["model", "messages", "prompt", "images", "keep_alive"]),
        st.none() | st.text() | st.integers() | st.lists(st.text() | st.dictionaries(st.text(), st.text())),
    )
)
def test_a_request_is_a_load_or_peeked_at_but_never_both(body: dict[str, Any]) -> None:
    asked = request(**body)
    for api, load in ((CHAT, CHAT_LOAD), (GENERATE, GENERATE_LOAD)):
        if load.is_load(asked):
            with pytest.raises(Failure):
                api.peek(asked)
