"""What one worker writes on the board, all read."""

import mmap

from hypothesis import given
from hypothesis import strategies as st

from passenger.account.login_state import LoginState, SharedLoginState

TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
STATES = st.builds(
    LoginState, st.sampled_from(["none", "starting", "waiting", "done", "failed"]), TEXT, TEXT, error=TEXT
)


@given(st.lists(STATES, min_size=1, max_size=5))
def test_a_board_gives_back_what_was_written_last(states: list[LoginState]) -> None:
    login_states = SharedLoginState()
    for state in states:
        login_states.write(state)
        assert login_states.read() == state


def test_a_new_board_has_no_login() -> None:
    assert SharedLoginState().read() == LoginState()


def test_what_is_half_written_is_no_state() -> None:
    login_states = SharedLoginState()
    login_states.write(LoginState("waiting", "AAAA-BBBB"))
    memory: mmap.mmap = login_states._memory
    memory[12:13] = b"?"
    assert login_states.read() == LoginState()
