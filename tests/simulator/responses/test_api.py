from typing import Any

import pytest

from passenger.simulator.responses.api import error_event
from tests.simulator.client import Client
from tests.simulator.grammar import response_items

FUNCTION: dict[str, Any] = {"type": "function", "name": "t"}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
SEALED = ["reasoning.encrypted_content"]


def text(body: dict[str, Any]) -> str:
    return str(body["output"][-1]["content"][0]["text"])


@pytest.mark.parametrize(
    "given",
    [
        "Hi",
        [{"role": "user", "content": "Hi"}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
    ],
)
async def test_an_input_has_many_forms(client: Client, given: Any) -> None:
    assert text((await client.responses(given)).json()) == 'Simulated gpt-5.5 here. You said: "Hi" (1 message).'


async def test_every_role_is_taken(client: Client) -> None:
    given = [
        {"role": "system", "content": "a"},
        {"role": "developer", "content": "b"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "d"}]},
        {"role": "user", "content": "Hi"},
    ]
    assert 'You said: "Hi" (5 messages)' in text((await client.responses(given)).json())


@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_with_a_tool_goes_on_with_what_was_said(client: Client, stream: bool) -> None:
    asked = {"role": "user", "content": "[[call t]]"}
    more: dict[str, Any] = {"tools": [FUNCTION], "reasoning": {"effort": "low", "summary": "auto"}, "include": SEALED}
    answer = await client.responses([asked], stream=stream, **more)
    said = response_items(answer.named) if stream else answer.json()["output"]
    output = {"type": "function_call_output", "call_id": said[-1]["call_id"], "output": "42"}
    assert text((await client.responses([asked, *said, output], **more)).json()) == "The tool said: 42"


async def test_outputs_may_be_parts_with_images(client: Client) -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
    given = [
        {"role": "user", "content": "x"},
        {"type": "custom_tool_call", "call_id": "c", "name": "t", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "43"}, image]},
    ]
    headers = {"Copilot-Vision-Request": "true"}
    assert text((await client.responses(given, headers=headers)).json()) == "The tool said: 43"
    assert (await client.responses(given)).status == 400


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("required", True),
        ({"type": "function", "name": "t"}, True),
        ({"type": "allowed_tools", "mode": "required", "tools": [FUNCTION]}, True),
        ("none", False),
        ("auto", False),
    ],
)
async def test_a_demanded_call_is_made(client: Client, choice: object, called: bool) -> None:
    body = (await client.responses("Hi", tools=[FUNCTION], tool_choice=choice)).json()
    assert (body["output"][0]["type"] == "function_call") == called


async def test_a_schema_is_satisfied(client: Client) -> None:
    form = {"type": "json_schema", "name": "n", "schema": SCHEMA}
    assert text((await client.responses("Hi", text={"format": form})).json()) == '{"n": 1}'
    assert '"simulated": true' in text((await client.responses("Hi", text={"format": {"type": "json_object"}})).json())


async def test_the_same_request_gets_the_same_answer(client: Client) -> None:
    for stream in (False, True):
        one, two = [await client.responses("Hi [[think]]", stream=stream) for _ in range(2)]
        assert one.body == two.body


def test_the_event_that_breaks_a_stream_is_flat_and_numbered() -> None:
    event = error_event(429, 7)
    assert event.name == "error"
    assert event.data == (
        b'{"code":"rate_limit_exceeded","message":"Simulated failure in mid-stream.","param":null,'
        b'"sequence_number":7,"type":"error"}'
    )
