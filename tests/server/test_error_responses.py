"""Whose words an error outside the hot path is said in."""

import pytest

from passenger.server.error_responses import dialect_of


@pytest.mark.parametrize(
    ("method", "path", "query", "header", "name"),
    [
        ("GET", "/v1/models", "", None, "completions"),
        ("GET", "/v1/models", "", "anthropic-version", "messages"),
        ("GET", "/v1/models", "", "x-goog-api-key", "gemini"),
        ("GET", "/v1/models", "key=x", None, "gemini"),
        ("GET", "/v1beta/models", "", None, "gemini"),
        ("POST", "/v1/models/gpt-4o:generateContent", "", None, "gemini"),
        ("GET", "/v1/models/gpt-4o:latest", "", None, "completions"),
        ("POST", "/v1/messages", "", None, "messages"),
        ("POST", "/api/nothing", "", None, "ollama"),
        ("GET", "/v1/api/tags", "", None, "ollama"),
        ("GET", "/nowhere", "", None, "completions"),
    ],
)
def test_it_is_told_by_the_path_else_by_what_only_some_clients_send(
    method: str, path: str, query: str, header: str | None, name: str
) -> None:
    headers = [(header.encode(), b"x")] if header else []
    scope = {"method": method, "path": path, "query_string": query.encode(), "headers": headers}
    assert name == dialect_of(scope).name
