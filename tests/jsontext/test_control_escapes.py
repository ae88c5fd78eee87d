"""Raw control characters in the strings of a text that comes in pieces."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.jsontext.control_escapes import ControlEscapes

NASTY = st.text(st.sampled_from('"\\\n\t\x00\x1f\x08a{}:, \u4e57'), max_size=12)
VALUES = st.recursive(
    NASTY | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(NASTY, inner), max_leaves=6
)
ESCAPES = {r"\n": "\n", r"\t": "\t", r"\b": "\b", r"\u0000": "\x00", r"\u001f": "\x1f"}


def escaped(text: str, size: int) -> str:
    escapes = ControlEscapes()
    return "".join(escapes.write(text[at : at + size]) for at in range(0, len(text), size))


def raw(text: str) -> str:
    """The text with control characters for their escapes, as Claude writes it."""
    parts = text.split("\\\\")
    for name, character in ESCAPES.items():
        parts = [part.replace(name, character) for part in parts]
    return "\\\\".join(parts)


@given(VALUES, st.integers(1, 9), st.sampled_from([None, 1]))
def test_a_text_with_raw_control_characters_means_what_it_should_however_it_is_cut(
    value: object, size: int, indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)
    assert json.loads(escaped(raw(text), size)) == value


@given(VALUES, st.integers(1, 9), st.sampled_from([None, 1, "\t"]))
def test_a_text_that_is_right_stays_as_it_is(value: object, size: int, indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent)
    assert escaped(text, size) == text


@pytest.mark.parametrize("text", ['{"a": "b', "\n\n", '"a\\', "", "no\njson"])
def test_what_is_no_json_is_no_harm(text: str) -> None:
    assert escaped(text, 1) == escaped(text, 100) == text
