"""What nobody has typed is no person's turn."""

import pytest

from passenger.reminders import only_reminders

BLOCK = "<system-reminder>be brief\n</system-reminder>"


@pytest.mark.parametrize("text", [BLOCK, f" \n{BLOCK}\n{BLOCK} ", "<system-reminder></system-reminder>"])
def test_blocks_alone_are_nobodys_words(text: str) -> None:
    assert only_reminders(text)


@pytest.mark.parametrize("text", [None, "", "hello", f"{BLOCK} hello", f"hello {BLOCK}", "<system-reminder>"])
def test_anything_else_is_somebodys(text: str | None) -> None:
    assert not only_reminders(text)


def test_many_blocks_before_a_word_are_read_once() -> None:
    assert not only_reminders(BLOCK * 5000 + "and go on")
