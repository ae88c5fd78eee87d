"""Nobody is asked on a request's word: whatever URL is in it, only Copilot is called."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from tests.server.bench import CHAT, Bench, asking
from tests.tunnel import door

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.proves("N13")]


@dataclass
class Canary:
    """An address of this machine, and what it heard."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/picture.png"

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read(1000))


@pytest_asyncio.fixture(loop_scope="module")
async def canary() -> AsyncIterator[Canary]:
    one = Canary()
    async with door(one.hear) as one.port:
        yield one


def user(*parts: object) -> dict[str, Any]:
    return {"role": "user", "content": [*parts]}


GEMINI = "/v1beta/models/gpt-4o:generateContent"
BODIES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "an image for OpenAI's chat": (
        CHAT,
        lambda url: {"model": "gpt-4o", "messages": [user({"type": "image_url", "image_url": {"url": url}})]},
    ),
    "an image that is text alone": (
        CHAT,
        lambda url: {"model": "gpt-4o", "messages": [user({"type": "image_url", "image_url": url})]},
    ),
    "a file for OpenAI's chat": (
        CHAT,
        lambda url: {"model": "gpt-4o", "messages": [user({"type": "file", "file": {"file_data": url}})]},
    ),
    "an image for a model of another maker": (
        CHAT,
        lambda url: {
            "model": "claude-sonnet-4.5",
            "messages": [user({"type": "image_url", "image_url": {"url": url}})],
        },
    ),
    "an image for OpenAI's responses": (
        "/v1/responses",
        lambda url: {"model": "gpt-5-mini", "input": [user({"type": "input_image", "image_url": url})]},
    ),
    "a file for OpenAI's responses": (
        "/v1/responses",
        lambda url: {"model": "gpt-5-mini", "input": [user({"type": "input_file", "file_url": url})]},
    ),
    "a tool server for OpenAI's responses": (
        "/v1/responses",
        lambda url: {
            "model": "gpt-5-mini",
            "input": "hello",
            "tools": [{"type": "mcp", "server_label": "x", "server_url": url}],
        },
    ),
    "an image for Anthropic": (
        "/v1/messages",
        lambda url: {
            "model": "claude-sonnet-4.5",
            "max_tokens": 10,
            "messages": [user({"type": "image", "source": {"type": "url", "url": url}})],
        },
    ),
    "a document for Anthropic": (
        "/v1/messages",
        lambda url: {
            "model": "claude-sonnet-4.5",
            "max_tokens": 10,
            "messages": [user({"type": "document", "source": {"type": "url", "url": url}})],
        },
    ),
    "a tool server for Anthropic": (
        "/v1/messages",
        lambda url: {
            "model": "claude-sonnet-4.5",
            "max_tokens": 10,
            "messages": [user({"type": "text", "text": "hello"})],
            "mcp_servers": [{"type": "url", "name": "x", "url": url}],
        },
    ),
    "a count for Anthropic": (
        "/v1/messages/count_tokens",
        lambda url: {
            "model": "claude-sonnet-4.5",
            "messages": [user({"type": "image", "source": {"type": "url", "url": url}})],
        },
    ),
    "a file for Gemini": (
        GEMINI,
        lambda url: {
            "contents": [{"role": "user", "parts": [{"fileData": {"mimeType": "image/png", "fileUri": url}}]}]
        },
    ),
    "an image for Ollama": (
        "/api/chat",
        lambda url: {
            "model": "gpt-4o",
            "stream": False,
            "messages": [{"role": "user", "content": "hello", "images": [url]}],
        },
    ),
    "an image for Ollama's generate": (
        "/api/generate",
        lambda url: {"model": "gpt-4o", "stream": False, "prompt": "hello", "images": [url]},
    ),
    "a model that is a URL": (CHAT, lambda url: {**asking(), "model": url}),
    "an address beside the question": (
        CHAT,
        lambda url: {**asking(), "base_url": url, "api_base": url, "webhook": url},
    ),
    "words to embed": (
        "/v1/embeddings",
        lambda url: {"model": "text-embedding-3-small", "input": url},
    ),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_url_in_a_body_is_never_fetched(shared: Bench, canary: Canary, name: str) -> None:
    path, body = BODIES[name]
    data = json.dumps(body(canary.url)).encode()
    answer = await shared.send("POST", path, data=data, headers={"Content-Type": "application/json"})
    assert answer.status not in {404, 405} or name == "a model that is a URL", "the table has a path that is not there"
    assert canary.heard == []


HEADERS = (
    "x-base-url",
    "openai-base-url",
    "x-api-base",
    "x-target-url",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
    "referer",
    "origin",
    "location",
    "x-stainless-base-url",
    "helicone-target-url",
    "proxy",
)


@pytest.mark.parametrize("name", HEADERS)
async def test_a_url_in_a_header_leads_nowhere(shared: Bench, canary: Canary, name: str) -> None:
    await shared.post(asking(), {name: canary.url})
    assert canary.heard == []


async def raw(shared: Bench, target: str, host: str) -> bytes:
    """The status line of an answer to a request with this target and `Host`."""
    body = json.dumps(asking()).encode()
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    )
    wire = await shared.dial(f"{head}Connection: close\r\n\r\n".encode() + body)
    return (await wire.rest()).partition(b"\r\n")[0]


async def test_neither_a_target_in_absolute_form_nor_a_host_leads_elsewhere(shared: Bench, canary: Canary) -> None:
    place = f"127.0.0.1:{canary.port}"
    for target in (f"http://{place}{CHAT}", f"//{place}{CHAT}", f"/http://{place}/", f"{CHAT}?url={canary.url}"):
        assert await raw(shared, target, place)
    assert canary.heard == []


async def test_nobody_is_tunnelled_to_by_us(shared: Bench, canary: Canary) -> None:
    place = f"127.0.0.1:{canary.port}"
    wire = await shared.dial(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
    assert b" 200 " not in (await wire.rest()).partition(b"\r\n")[0]
    assert canary.heard == []
