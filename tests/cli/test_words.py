"""The words of a streamed answer, however the network cuts it."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.cli.words import Words
from passenger.errors import Failure


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


def test_a_refusal_is_said_too_and_thoughts_are_not() -> None:
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
