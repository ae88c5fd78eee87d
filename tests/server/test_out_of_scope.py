"""What stays out, seen from outside: each is refused with a sentence of why, in the dialect of who asks."""

from typing import Any

import pytest

from passenger.server.out_of_scope import find_absent
from tests.server.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLAUDE = {"anthropic-version": "2023-06-01"}
GOOGLE = {"x-goog-api-key": "any"}
Row = tuple[str, str, dict[str, str], str, str]
PATHS: list[Row] = [
    # method, path, headers, the dialect of the answer, and what is said
    ("GET", "/v1/realtime?model=gpt-realtime", {}, "openai", "live audio"),
    ("POST", "/v1/realtime/sessions", {}, "openai", "live audio"),
    ("POST", "/v1/realtime/client_secrets", {}, "openai", "live audio"),
    ("POST", "/realtime/calls", {}, "openai", "live audio"),
    ("GET", "/v1/files", {}, "openai", "no files are kept here"),
    ("POST", "/v1/files", {}, "openai", "no files are kept here"),
    ("POST", "/files", {}, "openai", "no files are kept here"),
    ("DELETE", "/v1/files/file-1", {}, "openai", "no files are kept here"),
    ("GET", "/v1/files/file-1/content", {}, "openai", "no files are kept here"),
    ("POST", "/v1/uploads", {}, "openai", "no files are kept here"),
    ("POST", "/v1/files", CLAUDE, "anthropic", "no files are kept here"),
    ("GET", "/v1/files?beta=true", CLAUDE, "anthropic", "no files are kept here"),
    ("POST", "/v1/batches", {}, "openai", "one by one"),
    ("POST", "/v1/batches/batch_1/cancel", {}, "openai", "one by one"),
    ("POST", "/v1/messages/batches", {}, "anthropic", "one by one"),
    ("GET", "/v1/messages/batches/msgbatch_1/results", CLAUDE, "anthropic", "one by one"),
    ("DELETE", "/messages/batches/msgbatch_1", {}, "anthropic", "one by one"),
    ("POST", "/v1beta/cachedContents", GOOGLE, "google", "caches prompts by itself"),
    ("PATCH", "/v1beta/cachedContents/abc", {}, "google", "caches prompts by itself"),
    ("GET", "/v1/cachedContents", {}, "google", "caches prompts by itself"),
    ("GET", "/v1beta/files", {}, "google", "no files are kept here"),
    ("POST", "/upload/v1beta/files", GOOGLE, "google", "no files are kept here"),
    ("GET", "/v1beta/files/abc:download?alt=media", {}, "google", "no files are kept here"),
    ("POST", "/v1beta/models/gpt-4o:batchGenerateContent", {}, "google", "one by one"),
    ("POST", "/v1beta/models/imagen-4:predict", {}, "google", "pictures"),
    ("POST", "/v1/containers", {}, "openai", "no code is run here"),
    ("POST", "/v1/audio/speech", {}, "openai", "speech"),
    ("POST", "/v1/images/generations", {}, "openai", "pictures"),
    ("POST", "/v1/vector_stores", {}, "openai", "no documents are kept"),
    ("POST", "/v1/fine_tuning/jobs", {}, "openai", "tunes no models"),
    ("POST", "/v1/moderations", {}, "openai", "moderate"),
    ("POST", "/v1/threads", {}, "openai", "/v1/responses"),
]


def told(dialect: str, document: Any) -> str:
    """The message of an error in this envelope."""
    error = document["error"]
    match dialect:
        case "openai":
            assert set(error) == {"message", "type", "param", "code"}
            assert error["code"] == "out_of_scope"
        case "anthropic":
            assert (document["type"], error["type"]) == ("error", "not_found_error")
        case _:
            assert (error["code"], error["status"]) == (404, "NOT_FOUND")
    message: str = error["message"]
    return message


@pytest.mark.parametrize("row", PATHS, ids=[f"{row[0]} {row[1]}" for row in PATHS])
async def test_what_stays_out_says_why(shared: Bench, row: Row) -> None:
    method, path, headers, dialect, why = row
    answer = await shared.send(method, path, headers=headers, json={} if method == "POST" else None)
    assert answer.status == 404
    message = told(dialect, answer.json())
    assert message.startswith(f"there is no {path.partition('?')[0]} here: ")
    assert why in message


async def test_a_file_that_is_uploaded_is_refused_as_a_form_too(shared: Bench) -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    answer = await shared.send("POST", "/v1/files", headers=form, data=b"--x--\r\n")
    assert answer.status == 404
    assert "no files are kept here" in told("openai", answer.json())


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/models/files", "/v1/filesystem", "/v1/nowhere/files", "/v1/messages", "/v1/responses/r_1"]
)
async def test_what_is_here_or_nowhere_is_not_among_it(path: str) -> None:
    assert find_absent(path) is None


SAID = [{"role": "user", "content": "hi"}]
URL = "https://files.example/a.png"
CLAUDE_MODEL = "claude-opus-5"


def messages(model: str, *blocks: dict[str, Any], **fields: Any) -> tuple[str, dict[str, Any]]:
    said = [{"role": "user", "content": [*blocks]}] if blocks else SAID
    return "/v1/messages", {"model": model, "max_tokens": 9, "messages": said, **fields}


def chat(*parts: dict[str, Any], **fields: Any) -> tuple[str, dict[str, Any]]:
    return "/v1/chat/completions", {
        "model": CLAUDE_MODEL,
        "messages": [{"role": "user", "content": [*parts]}],
        **fields,
    }


def responses(*parts: dict[str, Any], **fields: Any) -> tuple[str, dict[str, Any]]:
    return "/v1/responses", {"model": CLAUDE_MODEL, "input": [{"role": "user", "content": [*parts]}], **fields}


def gemini(*parts: dict[str, Any], **fields: Any) -> tuple[str, dict[str, Any]]:
    said = [{"role": "user", "parts": [*parts]}]
    return "/v1beta/models/gpt-4o:generateContent", {"contents": said, **fields}


IMAGE = {"type": "image", "source": {"type": "url", "url": URL}}
FIELDS: list[tuple[tuple[str, dict[str, Any]], str]] = [
    # code that a vendor's servers would run
    (messages("gpt-4o", tools=[{"type": "code_execution_20250825", "name": "code_execution"}]), "'code_execution'"),
    (messages(CLAUDE_MODEL, tools=[{"type": "code_execution_20250825", "name": "code_execution"}]), "'code_execution'"),
    (gemini({"text": "hi"}, tools=[{"codeExecution": {}}]), "tools.codeExecution is run by Google"),
    (responses({"type": "input_text", "text": "hi"}, tools=[{"type": "code_interpreter"}]), "'code_interpreter'"),
    # contents and files that a vendor would keep
    (gemini({"text": "hi"}, cachedContent="cachedContents/a"), "cachedContent is kept by Google"),
    (gemini({"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}}), "fileData"),
    (messages("gpt-4o", {"type": "document", "source": {"type": "file", "file_id": "file_1"}}), "only base64"),
    (responses({"type": "input_file", "file_id": "file-1"}), "no files are kept"),
    # images that somebody would have to fetch
    (messages("gpt-4o", IMAGE), "only base64"),
    (chat({"type": "image_url", "image_url": {"url": URL}}), "image URLs"),
    (responses({"type": "input_image", "image_url": URL}), "not fetched"),
    (gemini({"fileData": {"fileUri": URL, "mimeType": "image/png"}}), "fileData"),
]


@pytest.mark.parametrize(("asked", "why"), FIELDS)
async def test_what_stays_out_of_a_request_says_why(shared: Bench, asked: tuple[str, dict[str, Any]], why: str) -> None:
    path, body = asked
    answer = await shared.send("POST", path, json=body)
    assert answer.status == 400
    assert why in answer.json()["error"]["message"]
