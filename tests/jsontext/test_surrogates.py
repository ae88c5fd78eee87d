"""Lone surrogates are mended in the text as they are in what it says."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passenger.jsontext import surrogates
from passenger.jsontext.surrogates import replace_escapes, replace_surrogates

BITS = st.sampled_from(
    ["\\ud83d", "\\uDE00", "\\ud800", "\\udfff", "\\\\", '\\"', "\\n", "\\u0041", "ud800", "a", "é", "D", "\\\\u"]
)


SIZES = [16, 17, 18, 19, 20, 21, 22, 23, 24, surrogates.PIECE]


@settings(max_examples=600)
@given(st.lists(BITS, max_size=40).map("".join))
def test_a_text_is_mended_however_it_is_cut(inside: str) -> None:
    said = replace_surrogates(json.loads(f'"{inside}"'))
    with pytest.MonkeyPatch.context() as patch:
        for size in SIZES:
            patch.setattr(surrogates, "PIECE", size)
            assert json.loads(replace_escapes(f'"{inside}"'.encode())) == said, size


def test_a_text_without_any_stays_the_very_same() -> None:
    text = b'{"a":"\\u00e9\\n"}'
    assert replace_escapes(text) is text


@given(st.binary())
def test_what_is_no_json_is_borne(text: bytes) -> None:
    replace_escapes(text)
