"""What nobody has typed is no person's turn."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.initiator import Turn, initiator, is_reminder, may_be_reminder, only_reminders

BLOCK = "<system-reminder>be brief\n</system-reminder>"


@pytest.mark.parametrize("text", [BLOCK, f" \n{BLOCK}\n{BLOCK} ", "<system-reminder></system-reminder>"])
def test_blocks_alone_are_nobodys_words(text: str) -> None:
    assert only_reminders(text)


@pytest.mark.parametrize("text", [None, "", "hello", f"{BLOCK} hello", f"hello {BLOCK}", "<system-reminder>"])
def test_anything_else_is_somebodys(text: str | None) -> None:
    assert not only_reminders(text)


def test_many_blocks_before_a_word_are_read_once() -> None:
    assert not only_reminders(BLOCK * 5000 + "and go on")


@given(st.text(st.sampled_from(" \t\n\x1c\x85\u00a0\u2003a<")).map(lambda space: space + BLOCK))
def test_the_first_letter_never_hides_a_reminder(text: str) -> None:
    for ascii_only in (True, False):
        quoted = memoryview(json.dumps(text, ensure_ascii=ascii_only).encode())
        assert may_be_reminder(quoted) or not only_reminders(text)


USER, REMINDER, TOOL, OTHER = Turn


@pytest.mark.parametrize(
    ("turns", "who"),
    [
        ([], "agent"),
        ([USER], "user"),
        ([OTHER, USER], "agent"),
        ([TOOL], "agent"),
        ([REMINDER], "user"),
        ([REMINDER, REMINDER, TOOL, USER], "agent"),
        ([REMINDER, OTHER, TOOL], "user"),
        ([REMINDER, USER], "user"),
    ],
)
def test_a_person_caused_it_unless_the_last_turn_says_otherwise(turns: list[Turn], who: str) -> None:
    assert initiator(turns) == who


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BLOCK, True),
        ("hello", False),
        ([{"text": BLOCK}, {"text": BLOCK}], True),
        ([{"text": BLOCK}, {"type": "image_url"}], False),
        ([{"text": 7}], False),
        ([], False),
        (None, False),
    ],
)
def test_content_is_a_reminder_where_all_its_texts_are(content: object, expected: bool) -> None:
    assert is_reminder(msgspec.Raw(msgspec.json.encode(content))) is expected
    assert not is_reminder(msgspec.UNSET)
