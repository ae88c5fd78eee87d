import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects.sessions import HEADERS, LENGTH, cache_key, client_session

WORDS = st.text(min_size=1, max_size=40)
UUID = "7d0e2a54-6a0c-4b73-9b1f-0d6f3a3c1e11"


@given(WORDS, WORDS, st.sampled_from(HEADERS))
def test_one_session_has_one_key_which_does_not_hold_its_id(seat: str, session: str, header: str) -> None:
    key = cache_key(seat, {header: session})
    assert key == cache_key(seat, {header: session, "user-agent": "x"}, "somebody")
    assert key is not None
    assert len(key) == LENGTH
    assert len(session) < 4 or session not in key


@given(st.dictionaries(st.sampled_from((*HEADERS, "user-agent")), st.text(max_size=5)))
def test_a_session_is_called_what_the_first_header_that_says_something_calls_it(headers: dict[str, str]) -> None:
    said = [headers[name] for name in HEADERS if headers.get(name)]
    assert client_session(headers) == (said[0] if said else "")


@given(WORDS, WORDS, WORDS)
def test_another_session_and_another_seat_have_another(seat: str, session: str, other: str) -> None:
    key = cache_key(seat, {"x-session-id": session})
    assert (key == cache_key(seat, {"x-session-id": other})) is (session == other)
    assert (key == cache_key(other, {"x-session-id": session})) is (seat == other)


@given(st.dictionaries(st.sampled_from(("user-agent", "x-request-id", "authorization", "x-session-id")), st.just("")))
def test_where_no_session_is_told_there_is_no_key(headers: dict[str, str]) -> None:
    assert cache_key("own", headers) is None


@pytest.mark.parametrize(
    "user",
    [
        f"user_0a1b_account__session_{UUID}",
        f"user_0a1b_account_2c3d_session_{UUID}",
        json.dumps({"device_id": "d", "account_uuid": "", "session_id": UUID}),
    ],
)
def test_claude_codes_user_id_names_the_session(user: str) -> None:
    assert cache_key("own", {}, user) == cache_key("own", {HEADERS[0]: UUID}) is not None


@pytest.mark.parametrize("user", [None, "", "ada", "{", '{"session_id":7}', "{}", "[" * 9, '{"a":"_session_b"}'])
def test_any_other_user_id_names_none(user: str | None) -> None:
    assert cache_key("own", {}, user) is None


def test_a_header_wins_over_a_user_id() -> None:
    assert cache_key("own", {"session-id": "a"}, f"u_session_{UUID}") == cache_key("own", {"session-id": "a"})
