from typing import Any

import pytest

from tests.simulator.client import Client
from tests.simulator.messages.test_validation import VISION, vendor

EXTRA = "Extra inputs are not permitted"
SCOPED = {"type": "ephemeral", "scope": "global"}
TEXT = {"type": "text", "text": "x"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cache_control": {"type": "ephemeral"}}, f"cache_control: {EXTRA}"),
        ({"speed": "fast"}, f"speed: {EXTRA}"),
        ({"inference_geo": "us"}, f"inference_geo: {EXTRA}"),
        ({"thread": {"type": "create"}}, f"thread: {EXTRA}"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        ({"stream": "yes"}, "stream: Input should be a valid boolean"),
        ({"temperature": 1.5}, "temperature: range: 0..1"),
        ({"stop_sequences": [" "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": {}}, "messages: Input should be a valid array"),
        ({"messages": ["x"]}, "messages.0: Input should be a valid dictionary"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role: Input should be 'user' or 'assistant'"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Input should be a valid string or a valid list"),
        ({"messages": [{"role": "user", "content": "x", "name": "me"}]}, f"messages.0.name: {EXTRA}"),
        ({"system": [TEXT, TEXT | {"cache_control": SCOPED}]}, f"system.1.cache_control.ephemeral.scope: {EXTRA}"),
        (
            {"system": [IMAGE]},
            "system.0: Input tag 'image' found using 'type' does not match any of the expected tags: 'text'",
        ),
    ],
)
async def test_a_body_is_refused_with_the_place(client: Client, change: dict[str, Any], message: str) -> None:
    assert vendor(await client.messages(**change)) == message


@pytest.mark.parametrize("name", ["messages", "max_tokens"])
async def test_a_missing_field_is_named(client: Client, name: str) -> None:
    body = {"model": "claude-sonnet-4.6", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    del body[name]
    assert vendor(await client.post("/v1/messages", body)) == f"{name}: Field required"


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "input_text", "text": "x"}, "Input tag 'input_text' found using 'type'"),
        ("x", "Input tag 'x'"),
        ({"type": "text"}, "content.0.text.text: Field required"),
        ({"type": "text", "text": 7}, "content.0.text.text: Input should be a valid string"),
        (TEXT | {"annotations": []}, f"content.0.text.annotations: {EXTRA}"),
        (TEXT | {"cache_control": SCOPED}, f"messages.0.content.0.text.cache_control.ephemeral.scope: {EXTRA}"),
        (TEXT | {"cache_control": {"type": "forever"}}, "content.0.text.cache_control: Input should be"),
        (TEXT | {"cache_control": {"type": "ephemeral", "ttl": "2h"}}, "ttl: Input should be '5m' or '1h'"),
        ({"type": "image"}, "content.0.image.source: Field required"),
        ({"type": "image", "source": {"type": "base64"}}, "image.source.base64.data: Field required"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "image.source: Input should be"),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/heic", "data": ""}},
            "media_type: Input should be 'image/jpeg', 'image/png'",
        ),
        (
            {"type": "document", "source": {"type": "base64", "media_type": "text/html", "data": ""}},
            "media_type: Input should be 'application/pdf'",
        ),
        ({"type": "document", "source": {"type": "url", "url": "https://simulated.example"}}, "document.source"),
        ({"type": "tool_use", "id": "1", "name": "t", "input": "{}"}, "tool_use.input: Input should be a valid dict"),
        ({"type": "tool_result", "tool_use_id": "1", "content": [{"type": "x"}]}, "tool_result.content.0: Input tag"),
        ({"type": "thinking", "thinking": "x"}, "content.0.thinking.signature: Field required"),
    ],
)
async def test_a_block_is_refused_with_the_place(client: Client, block: object, part: str) -> None:
    assert part in vendor(await client.messages([block], headers=VISION))


@pytest.mark.parametrize(
    "block",
    [
        TEXT | {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
        TEXT | {"cache_control": None},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
        IMAGE | {"cache_control": {"type": "ephemeral"}},
    ],
)
async def test_a_good_block_is_taken(client: Client, block: object) -> None:
    assert (await client.messages([block], headers=VISION)).status == 200


async def test_the_system_may_speak_in_between_when_its_beta_is_sent(client: Client) -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]
    headers = {"anthropic-beta": "mid-conversation-system-2026-04-07"}
    assert (await client.messages(messages=messages, headers=headers)).status == 200
    assert (await client.messages(messages=messages)).status == 400
