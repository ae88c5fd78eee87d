"""LangChain's standard tests of a chat model, on the package that speaks $DIALECT; pytest runs it where they are.

Which tests a package of theirs takes is for it to say: https://docs.langchain.com/oss/python/contributing/standard-tests-langchain
"""

import base64
import os
from typing import Any
from unittest import mock

import httpx
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

URL, KEY, DIALECT, MODEL = (os.environ[name] for name in ("URL", "KEY", "DIALECT", "MODEL"))
CLAUDE = "claude-opus-4-6" if DIALECT in {"responses", "messages"} else "claude-opus-4.6"
"""The name with which Copilot answers there, which the tests look for the name asked for in."""
ANOTHER = "gpt-4o" if MODEL.startswith("claude") else CLAUDE

CLASS: dict[str, tuple[type, dict[str, Any]]] = {
    "chat": (ChatOpenAI, {"base_url": f"{URL}/v1", "api_key": KEY, "stream_usage": True}),
    "responses": (ChatOpenAI, {"base_url": f"{URL}/v1", "api_key": KEY, "use_responses_api": True}),
    "messages": (ChatAnthropic, {"base_url": URL, "api_key": KEY}),
    "gemini": (ChatGoogleGenerativeAI, {"base_url": URL, "api_key": KEY}),
    "ollama": (ChatOllama, {"base_url": URL}),
}
SUPPORTS = {
    "chat": {"json_mode", "image_inputs", "anthropic_inputs"},
    "responses": {"json_mode", "image_inputs", "pdf_inputs", "anthropic_inputs"},
    "messages": {"image_inputs", "pdf_inputs", "image_tool_message", "pdf_tool_message", "anthropic_inputs"},
    "gemini": {"json_mode", "image_inputs", "image_tool_message"},
    "ollama": {"json_mode", "image_inputs"},
}
"""What they say of themselves there, less what Copilot takes from nobody: sound, and pictures by their address."""

if MODEL.startswith("claude"):  # the test holds a thought that Anthropic has sealed; the simulated Claude opens its own
    SUPPORTS["messages"].remove("anthropic_inputs")

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def _download(url: str, **_: object) -> httpx.Response:
    return httpx.Response(200, content=PDF if url.endswith(".pdf") else PNG)


@pytest.fixture(autouse=True)
def _no_downloads() -> Any:  # Any: a generator of theirs
    """The tests with a picture or a document fetch it from the web; here it is a small one of our own."""
    with mock.patch.object(httpx, "get", _download):
        yield


def _says(name: str) -> property:
    return property(lambda _: name in SUPPORTS[DIALECT])


class TestStandard(ChatModelIntegrationTests):
    """All of them, unchanged."""

    chat_model_class = property(lambda _: CLASS[DIALECT][0])
    chat_model_params = property(lambda _: {"model": MODEL, **CLASS[DIALECT][1]})
    has_tool_choice = property(lambda _: DIALECT != "ollama")  # Ollama's API has none
    supports_model_override = property(lambda _: DIALECT != "gemini")  # their package takes no model with a prompt
    model_override_value = property(lambda _: ANOTHER)
    supports_json_mode = _says("json_mode")
    supports_image_inputs = _says("image_inputs")
    supports_pdf_inputs = _says("pdf_inputs")
    supports_image_tool_message = _says("image_tool_message")
    supports_pdf_tool_message = _says("pdf_tool_message")
    supports_anthropic_inputs = _says("anthropic_inputs")
