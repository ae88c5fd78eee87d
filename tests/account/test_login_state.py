"""What one worker writes on the board, all read."""

import mmap

from hypothesis import given
from hypothesis import strategies as st

from passenger.account.login_state import LoginState, OwnBoard, SharedBoard

TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
STATES = st.builds(
    LoginState, st.sampled_from(["none", "starting", "waiting", "done", "failed"]), TEXT, TEXT, error=TEXT
)


@given(st.lists(STATES, min_size=1, max_size=5))
def test_both_boards_give_back_what_was_written_last(states: list[LoginState]) -> None:
    own, shared = OwnBoard(), SharedBoard()
    for state in states:
        own.write(state)
        shared.write(state)
        assert own.read() == shared.read() == state


def test_a_new_board_has_no_login() -> None:
    assert OwnBoard().read() == SharedBoard().read() == LoginState()


def test_what_is_half_written_is_no_state() -> None:
    board = SharedBoard()
    board.write(LoginState("waiting", "AAAA-BBBB"))
    memory: mmap.mmap = board._memory
    memory[12:13] = b"?"
    assert board.read() == LoginState()
