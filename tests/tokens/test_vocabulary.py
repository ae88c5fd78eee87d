"""The vocabularies that lie in the package."""

import hashlib
import sys
from importlib import resources

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from passenger.tokens import vocabulary


def test_both_vocabularies_are_the_published_ones() -> None:
    lines = {name: vocabulary.read_vocabulary(name).count(b"\n") for name in vocabulary.PUBLISHED}
    assert lines == {
        "o200k_base": 199_998,
        "cl100k_base": 100_256,
    }


def test_a_damaged_vocabulary_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    file, _ = vocabulary.PUBLISHED["cl100k_base"]
    monkeypatch.setitem(vocabulary.PUBLISHED, "cl100k_base", (file, hashlib.sha256(b"").hexdigest()))
    with pytest.raises(ValueError, match="cl100k_base is damaged"):
        vocabulary.read_vocabulary("cl100k_base")


def test_their_licence_lies_beside_them() -> None:
    notice = resources.files("passenger.tokens").joinpath("vocabularies", "NOTICE").read_text()
    assert "MIT License" in notice
    assert all(f"{file} is {name}" in notice for name, (file, _) in vocabulary.PUBLISHED.items())


@pytest.fixture(scope="module")
def cl100k() -> tiktoken.Encoding:
    """tiktoken on the same file, where it can fetch no other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(vocabulary.DIRECTORY))
        patch.setitem(sys.modules, "requests", None)
        return tiktoken.get_encoding("cl100k_base")


@given(text=st.text())
def test_decode_gives_back_what_tiktoken_has_encoded(cl100k: tiktoken.Encoding, text: str) -> None:
    assert vocabulary.decode(cl100k.encode_ordinary(text)) == text


def test_the_tokens_that_stand_for_no_text_are_tiktoken_s(cl100k: tiktoken.Encoding) -> None:
    assert {name: cl100k.encode_single_token(name) for name in cl100k.special_tokens_set} == vocabulary.SPECIAL


def test_known_tokens_are_decoded() -> None:
    assert vocabulary.decode([15339, 1917]) == "hello world"
    assert vocabulary.decode([15339, 100257]) == "hello<|endoftext|>"


@pytest.mark.parametrize("token", [-1, 100256, 100261, 199_997, 2**70])
def test_what_is_no_token_is_a_value_error(token: int) -> None:
    with pytest.raises(ValueError, match=str(token)):
        vocabulary.decode([15339, token])


def test_a_character_that_is_cut_off_is_replaced(cl100k: tiktoken.Encoding) -> None:
    half = cl100k.encode_single_token(b"\xf0\x9f")
    assert vocabulary.decode([half]) == "\ufffd"
