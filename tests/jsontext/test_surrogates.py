"""Lone surrogates are mended in the text as they are in what it says."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passenger.decoding import mended
from passenger.jsontext import surrogates
from passenger.jsontext.surrogates import without_lone

BITS = st.sampled_from(
    ["\\ud83d", "\\uDE00", "\\ud800", "\\udfff", "\\\\", '\\"', "\\n", "\\u0041", "ud800", "a", "é", "D", "\\\\u"]
)


@pytest.mark.parametrize("size", [16, 17, 18, 19, 20, 21, 22, 23, 24, surrogates.PIECE])
def test_a_text_is_mended_however_it_is_cut(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(surrogates, "PIECE", size)

    @settings(max_examples=300)
    @given(st.lists(BITS, max_size=40).map("".join))
    def law(inside: str) -> None:
        said = json.loads(f'"{inside}"')
        assert json.loads(without_lone(f'"{inside}"'.encode())) == mended(said)

    law()


def test_a_text_without_any_stays_the_very_same() -> None:
    text = b'{"a":"\\u00e9\\n"}'
    assert without_lone(text) is text


@given(st.binary())
def test_what_is_no_json_is_borne(text: bytes) -> None:
    without_lone(text)
