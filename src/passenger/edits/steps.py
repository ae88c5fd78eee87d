"""Edits as steps that can be taken back one by one, whatever else has changed in the text meanwhile."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from passenger.edits.edit import Edit, Editor, Frame, KeyPath, UnreadableError, digest


class EditStep(Struct, frozen=True):
    """What an edit has done to a text: what stood there before, and the fingerprint of our value."""

    keys: KeyPath
    before: str | None
    """The text of the value that was replaced, None where there was none."""
    ours: str
    """The digest of what was written: no second copy of a secret."""
    lead: str = ""
    tail: str = ""
    secret: bool = False
    address: bool = False


def put(editor: Editor, text: str, edits: Iterable[Edit]) -> tuple[str, list[EditStep]]:
    """The text with all edits in it, and the steps that led there; what stands there already is no step.

    Raises:
        UnreadableError: the text is not of its format, or would not be of it afterwards.
    """
    steps: list[EditStep] = []
    for edit in edits:
        for keys, value in _with_parents(editor, text, edit):
            text, step = _put_one(editor, text, edit, keys, value)
            steps += [step] if step else []
    return text, steps


def _with_parents(editor: Editor, text: str, edit: Edit) -> list[tuple[KeyPath, object]]:
    """The objects and arrays that are missing above an edit, then the edit itself."""
    if edit.format not in {"json", "json-comments", "jsonc"}:
        return [(edit.keys, edit.value)]
    places = [edit.keys[:length] for length in range(len(edit.keys))]
    missing = [keys for keys in places if editor.find(text, keys) is None]
    return [*((keys, _empty(edit.keys[len(keys)])) for keys in missing), (edit.keys, edit.value)]


def _empty(key: object) -> object:
    return {} if isinstance(key, str) else []


def _put_one(editor: Editor, text: str, edit: Edit, keys: KeyPath, value: object) -> tuple[str, EditStep | None]:
    spot, ours = editor.find(text, keys), editor.comparable(value)
    if spot is not None and spot.value == ours:
        return text, None
    leaf = keys == edit.keys
    if spot is None:
        before, (after, frame) = None, editor.insert(text, keys, value)
    else:
        before, after, frame = text[spot.start : spot.end], editor.replace(text, spot, value), Frame()
    written = editor.find(after, keys)
    if written is None or written.value != ours:
        raise UnreadableError("it has a form that is not edited by Passenger: it would not say what it should")
    step = EditStep(keys, before, digest(ours), frame.lead, frame.tail, edit.meets_key and leaf, edit.address and leaf)
    return after, step


class Undone(Struct, frozen=True):
    """A text without our steps, and the steps left in because their value has changed since."""

    text: str
    back: Sequence[EditStep] = ()
    left: Sequence[EditStep] = ()
    withheld: Sequence[EditStep] = ()
    """Credentials that were not put back, because the address they stood beside is not the one there now."""


def take_back(editor: Editor, text: str, steps: Sequence[EditStep]) -> Undone:
    """Take back, from the last to the first, each step whose value is still ours.

    Raises:
        UnreadableError: the text is no longer of its format.
    """
    back, left, withheld = list[EditStep](), list[EditStep](), list[EditStep]()
    stranger = any(step.address and not _is_ours(editor, text, step) for step in steps)
    for step in reversed(steps):
        spot = editor.find(text, step.keys)
        if spot is None or digest(spot.value) != step.ours:
            left.append(step)
        elif step.before is None or (step.secret and stranger):
            text = editor.remove(text, spot, Frame(step.lead, step.tail))
            (back if step.before is None else withheld).append(step)
        else:
            text = text[: spot.start] + step.before + text[spot.end :]
            back.append(step)
    return Undone(text, back, left, withheld)


def _is_ours(editor: Editor, text: str, step: EditStep) -> bool:
    spot = editor.find(text, step.keys)
    return spot is not None and digest(spot.value) == step.ours
