"""The keys that Passenger makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.team.key_format import LENGTH, PREFIX, KeyKind, digest_of, is_well_formed, make_key, shown_form

KINDS: tuple[KeyKind, ...] = ("model", "admin")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_well_formed_and_random(kind: KeyKind) -> None:
    keys = {make_key(kind) for _ in range(50)}
    assert len(keys) == 50
    for key in keys:
        assert key.startswith(PREFIX[kind])
        assert len(key) == LENGTH == 41
        assert is_well_formed(key.encode())


@given(st.integers(0, LENGTH - 1), st.characters(codec="ascii"))
def test_one_wrong_character_is_found(place: int, wrong: str) -> None:
    key = make_key("model")
    mistyped = key[:place] + wrong + key[place + 1 :]
    assert is_well_formed(mistyped.encode()) == (mistyped == key)


def test_what_is_none_of_ours_is_known() -> None:
    for key in (b"", b"psgr_", b"sk-1234", b"x" * LENGTH, make_key("model")[:-1].encode(), b"\xff" * 41):
        assert not is_well_formed(key)


def test_a_shown_form_tells_keys_apart_and_opens_nothing() -> None:
    key = make_key("admin")
    assert shown_form(key) == f"psga_{key[5:9]}…{key[-4:]}"
    assert len(digest_of(key.encode())) == 32
