"""What is meant by an address that is nearly right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects import completions, gemini, messages
from passenger.dialects.ollama import chat as ollama
from passenger.web.addresses import advice, base_urls, meant


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/v1/v1/messages", "/v1/messages"),
        ("/v1/v1/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/v1beta/models/x:generateContent", "/v1beta/models/x:generateContent"),
        ("/v1beta/v1beta/models", "/v1beta/models"),
        ("/v1beta/v1/models", "/v1/models"),
        ("/api/v1/chat/completions", "/v1/chat/completions"),
        ("/api/api/chat", "/api/chat"),
        ("/v1/v1/api/chat", "/v1/api/chat"),
        ("//v1/messages", "/v1/messages"),
        ("/v1/messages/", "/v1/messages"),
        ("/v1/", "/v1"),
        ("/v1/v1", "/v1"),
    ],
)
def test_what_a_base_url_has_put_before_a_path_or_behind_it_is_left_out(path: str, right: str) -> None:
    assert meant(path) == right


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/messages", "/v1/api/chat", "/v1/models/v1/v1", "/v2/v1/messages", "/v1/a//b", "/v1x/v1"]
)
def test_what_is_right_or_something_else_stays(path: str) -> None:
    assert meant(path) == path


@given(st.lists(st.sampled_from(["v1", "v1beta", "api", "", "messages", "é"])))
def test_what_was_meant_means_itself(parts: list[str]) -> None:
    right = meant("/" + "/".join(parts))
    assert right.startswith("/")
    assert meant(right) == right


def test_the_base_url_is_of_the_address_that_the_asker_used() -> None:
    scope = {"path": "/nowhere", "headers": [(b"host", b"[::1]:9000")]}
    assert base_urls(scope) == {
        "OpenAI": "http://[::1]:9000/v1",
        "Anthropic": "http://[::1]:9000",
        "Gemini": "http://[::1]:9000",
        "Ollama": "http://[::1]:9000",
    }
    told = {vendor.NAME: advice(scope, vendor) for vendor in (completions, messages, gemini, ollama)}
    assert told["completions"] == (
        "there is no /nowhere here; the base URL for OpenAI clients is http://[::1]:9000/v1 (see GET /v1)"
    )
    assert "for Anthropic clients is http://[::1]:9000 (" in told["messages"]


def test_of_a_long_path_the_beginning_is_shown() -> None:
    scope = {"path": "/x" * 5000, "headers": []}
    assert len(advice(scope, completions)) < 350
