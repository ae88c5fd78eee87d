import json
from typing import Any

import pytest

from passenger.dialects.responses.compact import as_question, write_answer
from passenger.errors import Failure
from tests.dialects.responses.asking import request

USER: dict[str, Any] = {"role": "user", "content": "hi"}
ASSISTANT: dict[str, Any] = {"role": "assistant", "content": "ho"}
ASKED = {"type": "compaction_trigger"}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "usage": {"input_tokens": 1},
    "output": [{"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}],
}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("hi", [{"type": "message", "role": "user", "content": "hi"}, ASKED]),
        ([USER, ASSISTANT], [USER, ASSISTANT, ASKED]),
        ([USER, ASKED], [USER, ASKED]),
        ([], [ASKED]),
    ],
)
def test_it_is_asked_by_a_trigger(given: object, asked: list[Any]) -> None:
    question = json.loads(as_question(request(input=given, stream=True, instructions="x")).body)
    assert question == {"model": "gpt-5.5", "input": asked, "instructions": "x"}


@pytest.mark.parametrize("given", [None, 7, {}])
def test_an_input_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(Failure) as caught:
        as_question(request(input=given))
    assert caught.value.param == "input"


def test_the_answer_is_what_the_user_said_and_the_compact_form() -> None:
    kept = {"role": "user", "type": "message", "id": "msg_9", "content": [{"type": "input_text", "text": "more"}]}
    answer = json.loads(write_answer(request(input=[USER, ASSISTANT, kept]), json.dumps(RESPONSE).encode()))
    first, second, compact = answer.pop("output")
    assert answer == {"id": "resp_1", "object": "response.compaction", "created_at": 1, "usage": {"input_tokens": 1}}
    assert (first["content"], second["id"], second["content"]) == (
        [{"type": "input_text", "text": "hi"}],
        "msg_9",
        kept["content"],
    )
    assert compact == RESPONSE["output"][0]


def test_an_answer_that_compacts_nothing_is_a_failure() -> None:
    with pytest.raises(Failure) as caught:
        write_answer(request(), json.dumps(RESPONSE | {"output": [ASSISTANT]}).encode())
    assert caught.value.code == "bad_answer"
