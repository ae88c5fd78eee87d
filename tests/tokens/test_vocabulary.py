"""The vocabularies that lie in the package."""

import hashlib
from importlib import resources

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from passenger.tokens import vocabulary, worker


def test_both_vocabularies_are_the_published_ones() -> None:
    assert {name: len(vocabulary.ranks(name)) for name in vocabulary.SUMS} == {
        "o200k_base": 199_998,
        "cl100k_base": 100_256,
    }


def test_a_damaged_vocabulary_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vocabulary.SUMS, "cl100k_base", hashlib.sha256(b"").hexdigest())
    with pytest.raises(ValueError, match="cl100k_base is damaged"):
        vocabulary.ranks("cl100k_base")


def test_their_licence_lies_beside_them() -> None:
    notice = resources.files("passenger.tokens").joinpath("vocabularies", "NOTICE").read_text()
    assert "MIT License" in notice
    assert all(f"{name}.tiktoken.gz" in notice for name in vocabulary.SUMS)


@pytest.fixture(scope="module")
def cl100k() -> tiktoken.Encoding:
    """tiktoken on the same vocabulary; any pattern does, for only what it gives is decoded."""
    ranks = vocabulary.ranks("cl100k_base")
    return tiktoken.Encoding("cl100k_base", pat_str=worker.PATTERN, mergeable_ranks=ranks, special_tokens={})


@given(text=st.text())
def test_decode_gives_back_what_tiktoken_has_encoded(cl100k: tiktoken.Encoding, text: str) -> None:
    assert vocabulary.decode(cl100k.encode_ordinary(text)) == text


def test_known_tokens_are_decoded() -> None:
    assert vocabulary.decode([15339, 1917]) == "hello world"
    assert vocabulary.decode([15339, 100257]) == "hello<|endoftext|>"


@pytest.mark.parametrize("token", [-1, 100256, 100261, 199_997, 2**70])
def test_what_is_no_token_is_a_value_error(token: int) -> None:
    with pytest.raises(ValueError, match=str(token)):
        vocabulary.decode([15339, token])


def test_a_character_that_is_cut_off_is_replaced() -> None:
    half = vocabulary.ranks("cl100k_base")[b"\xf0\x9f"]
    assert vocabulary.decode([half]) == "\ufffd"
