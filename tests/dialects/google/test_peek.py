"""The few facts that routing needs."""

from typing import Any

import pytest

from passenger.chat.prompt import Initiator
from passenger.dialects.google.peek import peek
from passenger.errors import Failure
from tests.dialects.google.asking import USER, request

CALL: dict[str, Any] = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
RESULT: dict[str, Any] = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}
REMINDER: dict[str, Any] = {"role": "user", "parts": [{"text": "<system-reminder>now</system-reminder>"}]}
IMAGE: dict[str, Any] = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}


@pytest.mark.parametrize(
    ("contents", "initiator"),
    [
        ([USER], Initiator.USER),
        ([{"parts": [{"text": "hi"}]}], Initiator.USER),
        ([USER, CALL, RESULT], Initiator.AGENT),
        ([USER, CALL, {**RESULT, "role": "function"}], Initiator.AGENT),
        ([USER, CALL, RESULT, REMINDER], Initiator.AGENT),
        ([USER, CALL, RESULT, {"parts": REMINDER["parts"]}], Initiator.AGENT),
        ([USER, CALL, RESULT, {"role": "user", "parts": []}], Initiator.AGENT),
        ([USER, CALL, RESULT, {"role": "user", "parts": [{"text": ""}]}], Initiator.AGENT),
        ([USER, CALL, RESULT, {"role": "system", "parts": [{"text": "note"}]}], Initiator.AGENT),
        ([USER, {"role": "system", "parts": [{"text": "note"}]}], Initiator.USER),
        ([USER, CALL, {"parts": [*RESULT["parts"], {"text": "stop that"}]}], Initiator.USER),
        ([USER, CALL, {"parts": [*RESULT["parts"], *REMINDER["parts"]]}], Initiator.AGENT),
        ([{"role": "user", "parts": [IMAGE]}], Initiator.USER),
        ([USER, CALL, RESULT, USER], Initiator.USER),
        ([REMINDER], Initiator.USER),
        ([USER, CALL], Initiator.AGENT),
        ([], Initiator.AGENT),
    ],
)
def test_a_person_has_asked_only_where_the_last_words_are_ones_own(contents: list[Any], initiator: Initiator) -> None:
    assert peek(request({"contents": contents})).initiator is initiator


@pytest.mark.parametrize(
    ("part", "vision"),
    [
        (IMAGE, True),
        ({"inline_data": {"mime_type": "image/png", "data": ""}}, True),
        ({"functionResponse": {"name": "f", "parts": [IMAGE]}}, True),
        ({"inlineData": {"mimeType": "application/pdf", "data": ""}}, False),
        ({"inlineData": {"mimeType": "IMAGE/PNG", "data": ""}}, True),
        ({"fileData": {"fileUri": "data:image/png;base64,AAAA"}}, True),
        ({"file_data": {"file_uri": "data:application/pdf;base64,AAAA"}}, False),
        ({"text": "image/png"}, False),
    ],
)
def test_pictures_are_seen_wherever_they_are(part: dict[str, Any], *, vision: bool) -> None:
    assert peek(request({"contents": [{"role": "user", "parts": [part]}, USER]})).vision is vision
    assert peek(request({"contents": [USER], "system_instruction": {"parts": [part]}})).vision is vision


@pytest.mark.parametrize(
    ("config", "thinks"),
    [
        ({}, False),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}, False),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}, True),
        ({"generation_config": {"thinking_config": {"thinking_budget": 5}}}, True),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": -1.0}}}, True),
        ({"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}, True),
        ({"generationConfig": {"thinkingConfig": {"includeThoughts": False}}}, False),
        ({"generationConfig": {"thinkingConfig": {}}}, False),
        ({"generationConfig": None, "generation_config": {"thinking_config": {"thinking_budget": 5}}}, True),
    ],
)
def test_a_request_to_think_is_seen(config: dict[str, Any], *, thinks: bool) -> None:
    assert peek(request({"contents": [USER], **config})).wants_reasoning is thinks


def test_the_action_says_whether_it_streams() -> None:
    assert peek(request({"contents": [USER]}, "streamGenerateContent")).stream
    assert not peek(request({"contents": [USER]})).stream
    assert peek(request({"contents": [USER], "tools": [{}]})).tools


@pytest.mark.parametrize("body", [[], {"contents": 1}, {"contents": [1]}, {"contents": [{"parts": [{"text": 1}]}]}])
def test_what_cannot_be_read_is_refused(body: object) -> None:
    with pytest.raises(Failure):
        peek(request(body))
