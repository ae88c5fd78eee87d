"""The laws of editing, on random documents: what is put there is there, and all of it can be taken back to the byte.

`python -m tests.edits 10000` counts the first of them on as many documents of each kind.
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.edits.edit import Edit, KeyPath, UnreadableError
from passenger.edits.formats import EDITORS
from passenger.edits.steps import EditStep, put, take_back
from tests.edits.kinds import KINDS, Kind

by_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
seeds = st.integers(0, 2**63)


def prepared(kind: Kind, seed: int) -> tuple[str, bool]:
    """A document, and whether all of it can be edited."""
    text = kind.make(random.Random(seed))
    try:
        put(EDITORS[kind.format], text, kind.edits())
    except UnreadableError:
        return text, False
    return text, True


@pytest.mark.proves("undo")
@by_kind
@given(seed=seeds)
def test_what_is_put_there_is_there_and_is_taken_back_to_the_byte(kind: Kind, seed: int) -> None:
    text, can_be_edited = prepared(kind, seed)
    if can_be_edited:
        editor = EDITORS[kind.format]
        after, steps = put(editor, text, kind.edits())
        for edit in kind.edits():
            found = editor.find(after, edit.keys)
            assert found is not None
            assert found.value == editor.comparable(edit.value)
        assert put(editor, after, kind.edits()) == (after, [])
        undone = take_back(editor, after, steps)
        assert undone.text == text
        assert not undone.left


@by_kind
def test_most_documents_can_be_edited(kind: Kind) -> None:
    capabilities = sum(prepared(kind, seed)[1] for seed in range(100))
    assert capabilities >= 90


@pytest.mark.proves("undo")
@by_kind
@given(seed=seeds)
def test_what_somebody_else_has_added_since_stays(kind: Kind, seed: int) -> None:
    text, can_be_edited = prepared(kind, seed)
    if can_be_edited and kind.format not in {"yaml-list", "block"}:
        editor = EDITORS[kind.format]
        after, steps = put(editor, text, kind.edits())
        theirs, _ = put(editor, after, [kind.other()])
        undone = take_back(editor, theirs, steps)
        found = editor.find(undone.text, kind.changed[0])
        assert found is not None
        assert found.value == editor.comparable(kind.changed[1])
        alone, _ = put(editor, text, [kind.other()])
        for edit in kind.edits():
            assert value_of(kind, undone.text, edit.keys) == value_of(kind, alone, edit.keys)


def value_of(kind: Kind, text: str, keys: KeyPath) -> object:
    found = EDITORS[kind.format].find(text, keys)
    return found.value if found else None


@pytest.mark.proves("undo")
@by_kind
@given(seed=seeds)
def test_what_somebody_else_has_changed_since_is_left_alone(kind: Kind, seed: int) -> None:
    text, can_be_edited = prepared(kind, seed)
    if can_be_edited:
        editor, edit = EDITORS[kind.format], kind.edits()[0]
        after, steps = put(editor, text, kind.edits())
        value = dict([edit.keys[-1]]) if edit.keys and isinstance(edit.keys[-1], tuple) else kind.changed[1]
        changed = Edit(file=edit.file, format=edit.format, keys=edit.keys, value=value)
        if steps and editor.find(text, edit.keys) is None:
            theirs, _ = put(editor, after, [changed])
            undone = take_back(editor, theirs, steps)
            found = editor.find(undone.text, edit.keys)
            assert found is not None
            assert found.value == editor.comparable(changed.value)
            assert edit.keys in [step.keys for step in undone.left]


@pytest.mark.proves("setup")
@by_kind
@given(text=st.text(alphabet="{}[]\",:/*# \n=-'a\\", max_size=40))
def test_any_text_is_edited_or_refused_by_name(kind: Kind, text: str) -> None:
    outcome = edited(kind, text)
    if isinstance(outcome, UnreadableError):
        assert str(outcome)
    else:
        assert take_back(EDITORS[kind.format], *outcome).text == text


def edited(kind: Kind, text: str) -> tuple[str, list[EditStep]] | UnreadableError:
    try:
        return put(EDITORS[kind.format], text, kind.edits())
    except UnreadableError as error:
        return error
