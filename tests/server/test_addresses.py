"""What is meant by an address that is nearly right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects import anthropic as messages
from passenger.dialects import google as gemini
from passenger.dialects import ollama
from passenger.dialects.openai import chat as completions
from passenger.server.addresses import advise, base_urls, normalize_path, own_urls


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
    assert normalize_path(path) == right


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/messages", "/v1/api/chat", "/v1/models/v1/v1", "/v2/v1/messages", "/v1/a//b", "/v1x/v1"]
)
def test_what_is_right_or_something_else_stays(path: str) -> None:
    assert normalize_path(path) == path


@given(st.lists(st.sampled_from(["v1", "v1beta", "api", "", "messages", "é"])))
def test_what_was_meant_means_itself(parts: list[str]) -> None:
    right = normalize_path("/" + "/".join(parts))
    assert right.startswith("/")
    assert normalize_path(right) == right


@pytest.mark.parametrize(
    ("host", "ports", "urls"),
    [
        ("127.0.0.1:8081", [8081, 11434], ["http://127.0.0.1:8081", "http://127.0.0.1:11434"]),
        ("localhost:11434", [8081, 11434], ["http://localhost:8081", "http://localhost:11434"]),
        ("[::1]:8081", [8081, 11434], ["http://[::1]:8081", "http://[::1]:11434"]),
        ("127.0.0.1:8081", [8081], ["http://127.0.0.1:8081"]),
        ("copilot.example", [8081, 11434], ["http://copilot.example"]),
        ("copilot.example:8443", [8081, 11434], ["http://copilot.example:8443"]),
        ("[::1]", [1, 8081], ["http://[::1]"]),
    ],
)
def test_our_own_addresses_are_all_told_unless_a_proxy_stands_between(
    host: str, ports: list[int], urls: list[str]
) -> None:
    assert own_urls({"headers": [(b"host", host.encode())]}, ports) == urls


def test_the_base_url_is_of_the_address_that_the_asker_used() -> None:
    scope = {"path": "/nowhere", "headers": [(b"host", b"[::1]:9000")]}
    assert base_urls(scope) == {
        "OpenAI": "http://[::1]:9000/v1",
        "Anthropic": "http://[::1]:9000",
        "Gemini": "http://[::1]:9000",
        "Ollama": "http://[::1]:9000",
    }
    told = {
        vendor.name: advise(scope, vendor)
        for vendor in (completions.INBOUND, messages.INBOUND, gemini.INBOUND, ollama.CHAT.inbound)
    }
    assert told["completions"] == (
        "there is no /nowhere here; the base URL for OpenAI clients is http://[::1]:9000/v1 (see GET /v1)"
    )
    assert "for Anthropic clients is http://[::1]:9000 (" in told["messages"]


def test_of_a_long_path_the_beginning_is_shown() -> None:
    scope = {"path": "/x" * 5000, "headers": []}
    assert len(advise(scope, completions.INBOUND)) < 350
