"""A key is found in whatever way it is written."""

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.edits.spellings import masked, spellings

KEYS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=8, max_size=40)


@given(KEYS)
def test_no_spelling_is_left(key: str) -> None:
    ways = [key, json.dumps(key), json.dumps(key, ensure_ascii=False), shlex.quote(json.dumps(key)), repr(key)]
    ways += [shlex.quote(key), json.dumps(json.dumps(key)), json.dumps(shlex.quote(key))]
    for way in ways:
        assert masked(f"a {way} b", key, "\0").strip("ab '\"\\") == "\0"


@pytest.mark.parametrize("key", ["", "a", "abc"])
def test_a_word_is_no_key(key: str) -> None:
    assert masked("abc a", key, "***") == "abc a"


def test_the_longest_is_looked_for_first() -> None:
    found = spellings("a'b\"c$d")
    assert [len(one) for one in found] == sorted(map(len, found), reverse=True)
