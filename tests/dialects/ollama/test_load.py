import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama import ChatResponse, GenerateResponse

from passenger.dialects import Request
from passenger.dialects.ollama import chat, generate
from passenger.errors import Failure
from tests.dialects.ollama.asking import HELLO, PNG, STAMP, WHEN, chatting, generating, request


@pytest.mark.parametrize("fields", [{}, {"messages": None}, {"messages": []}, {"messages": [], "stream": False}])
def test_a_chat_without_messages_loads(fields: dict[str, Any]) -> None:
    assert chat.is_load(request(model="m", **fields))


@pytest.mark.parametrize("fields", [{}, {"prompt": None}, {"prompt": ""}, {"prompt": "", "images": []}])
def test_a_text_without_a_prompt_loads(fields: dict[str, Any]) -> None:
    assert generate.is_load(request(model="m", **fields))


def test_anything_to_answer_does_not_load() -> None:
    assert not chat.is_load(chatting(HELLO))
    assert not generate.is_load(generating())
    assert not generate.is_load(generating(prompt="", images=[PNG]))


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages": "x", "prompt": 1}', b"[" * 5000])
def test_what_cannot_be_read_does_not_load(body: bytes) -> None:
    assert not chat.is_load(Request(body))
    assert not generate.is_load(Request(body))


@pytest.mark.parametrize("kept", [None, "5m", -1, 300, "1h0m", "", "never", True, [], "0x"])
def test_loading_is_answered_at_once(kept: object) -> None:
    asked = request(model="gpt-4o:latest", keep_alive=kept)
    head = {"model": "gpt-4o:latest", "created_at": WHEN}
    loaded = {"done": True, "done_reason": "load"}
    said = json.loads(chat.write_load(asked, STAMP))
    assert said == head | {"message": {"role": "assistant", "content": ""}} | loaded
    assert json.loads(generate.write_load(asked, STAMP)) == head | {"response": ""} | loaded


@pytest.mark.parametrize("kept", [0, 0.0, -0.0, "0", "0s", "0m0s", "-0", "+0.0h"])
def test_keeping_no_longer_unloads(kept: object) -> None:
    asked = request(model="m", keep_alive=kept)
    assert ChatResponse(**json.loads(chat.write_load(asked, STAMP))).done_reason == "unload"
    assert GenerateResponse(**json.loads(generate.write_load(asked, STAMP))).done_reason == "unload"


def test_the_model_to_look_up_is_known() -> None:
    assert chat.loaded_model(request(name="gpt-4o:latest")) == "gpt-4o"
    for ask in (chat.loaded_model, generate.loaded_model, lambda asked: chat.write_load(asked, STAMP)):
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
    for api in (chat, generate):
        if api.is_load(asked):
            with pytest.raises(Failure):
                api.peek(asked)
