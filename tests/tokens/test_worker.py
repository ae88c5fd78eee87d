"""What the tokenizer's process does, in this one."""

import io

import msgspec
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from passenger.tokens import worker
from passenger.tokens.isolated import COUNT, LENGTH


@pytest.fixture(scope="module")
def o200k() -> tiktoken.Encoding:
    """The encoding, built once."""
    return worker.encoding()


def test_it_is_o200k_base(o200k: tiktoken.Encoding) -> None:
    # Known values of o200k_base.
    assert o200k.encode_ordinary("hello world") == [24912, 2375]
    assert len(o200k.encode_ordinary("Привет, как дела?")) == 6


def test_what_looks_like_a_special_token_is_text(o200k: tiktoken.Encoding) -> None:
    assert worker.count(o200k, ["<|endoftext|>"]) > 1


@given(words=st.lists(st.text(min_size=1, max_size=50), max_size=20), times=st.integers(1, 300))
def test_the_pieces_are_the_text(words: list[str], times: int) -> None:
    text = " ".join(words * times)
    pieces = list(worker.pieces(text))
    assert "".join(pieces) == text
    assert all(len(piece) <= worker.PIECE for piece in pieces)


def test_cutting_before_a_word_changes_no_count(o200k: tiktoken.Encoding) -> None:
    text = "The quick brown fox jumps over the lazy dog, again. " * 2000
    assert worker.count(o200k, [text]) == len(o200k.encode_ordinary(text))


@pytest.mark.parametrize("char", [" ", "\n", "a", "=", "漢", "\r\n"])
def test_a_long_run_of_one_character_is_counted(o200k: tiktoken.Encoding, char: str) -> None:
    # tiktoken panics on a million spaces at once.
    assert worker.count(o200k, [char * 1_000_000]) > 1000


def test_it_answers_each_list_with_its_count() -> None:
    questions = [["hello world"], [], ["hello", " world"]]
    encoded = [msgspec.json.encode(texts) for texts in questions]
    answers = io.BytesIO()
    worker.serve(io.BytesIO(b"".join(LENGTH.pack(len(one)) + one for one in encoded)), answers)
    assert [count for (count,) in COUNT.iter_unpack(answers.getvalue())] == [2, 0, 2]
