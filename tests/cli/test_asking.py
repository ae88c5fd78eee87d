"""One question: its request, and what a server says in the place of an answer."""

import json

import pytest

from passenger.cli.asking import _refusal, question_of
from passenger.errors import Kind


def test_each_question_has_a_name_of_its_own() -> None:
    one, other = question_of("m", "Hello"), question_of("m", "Hello")
    assert one.agent.startswith("passenger-ask/")
    assert one.agent != other.agent
    assert json.loads(one.body()) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, b'{"error": {"message": "no", "code": "model_not_found"}}', Kind.NOT_FOUND, "no"),
        (503, b"<html>", Kind.UNAVAILABLE, "<html>"),
        (500, b"", Kind.INTERNAL, "the server answered 500"),
        (400, b'{"error": "odd"}', Kind.INVALID, '{"error": "odd"}'),
    ],
)
def test_a_refusal_is_told_whatever_it_looks_like(status: int, body: bytes, kind: Kind, message: str) -> None:
    failure = _refusal(status, body)
    assert (failure.kind, failure.message) == (kind, message)
