"""One question: its request, and what a server says in the place of an answer."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.cli.ask.asking import Words, _refusal, question_of
from passenger.errors import Failure, Kind


def chunk(**delta: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"


FINISH = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}\n\n'
USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 1}}\n\n'
DONE = b"data: [DONE]\n\n"
STREAM = b": waiting\n\n" + chunk(role="assistant") + chunk(content="Hé") + chunk(content="llo") + FINISH + USAGE + DONE


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_the_words_are_the_same_wherever_the_network_cuts(cuts: list[int]) -> None:
    words, places = Words(), sorted({0, *cuts, len(STREAM)})
    said = [word for start, end in itertools.pairwise(places) for word in words.feed(STREAM[start:end])]
    words.end()
    assert said == ["Hé", "llo"]
    assert words.finish == "length"
    assert words.first is not None


def test_a_refusal_is_said_too_and_reasoning_is_not() -> None:
    assert list(Words().feed(chunk(reasoning_text="hm") + chunk(refusal="No."))) == ["No."]


def test_a_stream_without_its_end_has_broken_off() -> None:
    words = Words()
    assert list(words.feed(chunk(content="Hello"))) == ["Hello"]
    with pytest.raises(Failure, match="broke off"):
        words.end()


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (b'data: {"error": {"message": "it broke", "code": "stream_broken"}}\n\n', "it broke"),
        (b"data: {\n\n", "cannot be read"),
    ],
)
def test_what_breaks_is_said(event: bytes, message: str) -> None:
    with pytest.raises(Failure, match=message):
        list(Words().feed(event))


@pytest.mark.parametrize("data", [b"[]", b"1", b"{}", b'{"choices": [1]}', b'{"choices": [{"delta": {"content": 1}}]}'])
def test_what_has_no_words_says_none(data: bytes) -> None:
    assert list(Words().feed(b"data: " + data + b"\n\n")) == []


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
