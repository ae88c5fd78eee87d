"""A client's edits as a whole: what would change, doing it, and taking it back.

A repeat begins from the files without our edits, so that what stood there first is what comes back in the end.
"""

import difflib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from passenger.edits import files
from passenger.edits.concealing import ShownSpan, may_show, render
from passenger.edits.edit import NO_KEY, Edit, Format, UnreadableError, digest, key_path
from passenger.edits.files import FileContent, RefusedError
from passenger.edits.formats import EDITORS
from passenger.edits.receipts import Receipt, Receipts, sha256
from passenger.edits.steps import EditStep, put, take_back

CONTAINERS = {digest({}), digest([])}
"""What was made to hold a value, and says nothing by itself."""


# --- doing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What would be done to one file."""

    path: Path
    """As the client's edits name it."""
    format: Format
    document: FileContent
    text: str
    """The file as it would be."""
    base: bytes | None
    """The file without any edit of ours; None where there would be none."""
    steps: Sequence[EditStep]
    edits: Sequence[Edit]
    receipt: Receipt | None = None
    """Of an earlier setup."""

    @property
    def is_none(self) -> bool:
        """Whether the file is already as it should be."""
        return self.document.content == self.text.encode()

    def diff(self) -> str:
        """What would change: our values without keys, and of the user's own no more than their names."""
        old, new = (render(text, self._places(text)).splitlines() for text in (self.document.text, self.text))
        lines = difflib.unified_diff(old, new, str(self.path), str(self.path), n=2, lineterm="")
        return "\n".join(line for line in lines if not line.startswith("+++"))

    def _places(self, text: str) -> Iterator[ShownSpan]:
        """Where values of ours stand, and those that they replace."""
        editor, wanted = EDITORS[self.format], {edit.keys: edit for edit in self.edits}
        earlier = {step.keys: step for step in (self.receipt.steps if self.receipt else ())}
        for keys in {**wanted, **earlier}:
            edit, step = wanted.get(keys), earlier.get(keys)
            if (spot := editor.find(text, keys)) is not None and spot.end > spot.start:
                written = text[spot.start : spot.end]
                if edit is not None and spot.value == editor.comparable(edit.value):
                    yield ShownSpan(spot.start, spot.end, _quote_mask(written, "***") if _is_key(edit) else written)
                elif (edit is not None and edit.meets_key) or (step is not None and step.secret):
                    yield ShownSpan(spot.start, spot.end, _quote_mask(written, "(hidden)"))
                elif (step is not None and digest(spot.value) == step.ours) or may_show(key_path(keys[-1:]), written):
                    yield ShownSpan(spot.start, spot.end, written)


def _is_key(edit: Edit) -> bool:
    return edit.secret and edit.value not in ("", NO_KEY, edit.variable)


def _quote_mask(written: str, mask: str) -> str:
    """The mask, in the quotes of what was written; empty stays empty."""
    mark = written[0] if written[0] in "\"'`" else ""
    return written if written == 2 * mark else f"{mark}{mask}{mark}"


def plan(edits: Iterable[Edit], receipts: Receipts) -> list[Change]:
    """What would be done to each file.

    Raises:
        RefusedError: a file cannot be edited.
    """
    ordered = sorted(edits, key=lambda edit: (str(edit.file), edit.format))
    groups = groupby(ordered, key=lambda edit: (edit.file, edit.format))
    return [_change(path, kind, list(group), receipts) for (path, kind), group in groups]


def _read(path: Path, kind: Format) -> FileContent:
    return files.read(path, files.LARGEST_OF_OURS if kind == "whole" else files.LARGEST)


def _change(path: Path, kind: Format, edits: Sequence[Edit], receipts: Receipts) -> Change:
    document = _read(path, kind)
    receipt = receipts.of(document.path, kind)
    try:
        if receipt is not None and _is_current(kind, document.text, edits, receipt):
            return Change(path, kind, document, document.text, None, receipt.steps, edits, receipt)
        base = _without(kind, document, receipt, receipts)
        text, steps = put(EDITORS[kind], (base or b"").decode(), edits)
    except UnreadableError as error:
        raise RefusedError(f"{path}: {error}. It is left as it is") from error
    return Change(path, kind, document, text, base, steps, edits, receipt)


def _is_current(kind: Format, text: str, edits: Sequence[Edit], receipt: Receipt) -> bool:
    """Whether every edit stands there, and nothing that was ours is to go."""
    editor = EDITORS[kind]
    spots = [(editor.find(text, edit.keys), editor.comparable(edit.value)) for edit in edits]
    wanted = {edit.keys for edit in edits}
    ours = {step.keys for step in receipt.steps if step.ours not in CONTAINERS}
    return ours <= wanted and all(spot is not None and _holds(spot.value, value) for spot, value in spots)


def _holds(found: object, wanted: object) -> bool:
    """Whether a value is what is wanted, or an object that has all of it."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(key in found and _holds(found[key], value) for key, value in wanted.items())
    return found == wanted


def _without(kind: Format, document: FileContent, receipt: Receipt | None, receipts: Receipts) -> bytes | None:
    """The file without our edits."""
    if receipt is None or document.content is None:
        return document.content
    if sha256(document.content) == receipt.after and not receipt.existed:
        return None
    if sha256(document.content) == receipt.after and (before := receipts.before(receipt)) is not None:
        return before
    text = take_back(EDITORS[kind], document.text, receipt.steps).text
    return text.encode() if text or receipt.existed else None


def apply(changes: Iterable[Change], receipts: Receipts) -> None:
    """Do it: the receipt first, then the file.

    Raises:
        RefusedError: a file has changed meanwhile, or cannot be written.
        StoreError: a receipt cannot be written.
    """
    for change in changes:
        if not change.is_none:
            receipts.keep(_receipt(change), change.base)
            files.write(change.document, change.text.encode())


def _receipt(change: Change) -> Receipt:
    made = [str(path) for path in files.missing_above(change.document.path)]
    return Receipt(
        made=time.time(),
        path=str(change.path),
        real=str(change.document.path),
        format=change.format,
        existed=change.base is not None,
        after=sha256(change.text.encode()),
        directories=[*(change.receipt.directories if change.receipt else ()), *made],
        steps=change.steps,
        before=None if change.base is None else sha256(change.base),
    )


# --- taking back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one file."""

    path: str
    state: str
    """`restored`, `deleted`, `gone`, `kept` or `refused`."""
    back: Sequence[str] = ()
    left: Sequence[str] = ()
    """The keys whose values have changed since; the values are not shown."""
    withheld: Sequence[str] = ()
    reason: str | None = None


def undo(receipts: Receipts) -> list[Restored]:
    """Take back all of a client's edits, the last file first. A file that cannot be edited keeps its receipt.

    Raises:
        StoreError: a receipt cannot be read.
    """
    return [_restore(receipt, receipts) for receipt in reversed(receipts.all())]


def _restore(receipt: Receipt, receipts: Receipts) -> Restored:
    try:
        document = _read(Path(receipt.real), receipt.format)
        restored = _restore_document(receipt, document, receipts)
    except (RefusedError, UnreadableError) as error:
        return Restored(receipt.path, "refused", reason=str(error))
    receipts.forget(receipt)
    _remove_empty(receipt.directories)
    return restored


def _restore_document(receipt: Receipt, document: FileContent, receipts: Receipts) -> Restored:
    if document.content is None:
        return Restored(receipt.path, "gone")
    names = [key_path(step.keys) for step in receipt.steps if step.ours not in CONTAINERS]
    if sha256(document.content) == receipt.after:
        if not receipt.existed:
            files.remove(document)
            return Restored(receipt.path, "deleted", names)
        if (before := receipts.before(receipt)) is not None:
            files.write(document, before)
            return Restored(receipt.path, "restored", names)
    undone = take_back(EDITORS[receipt.format], document.text, receipt.steps)
    if not receipt.existed and not undone.text.strip("\ufeff \t\r\n"):
        files.remove(document)
        state = "deleted"
    else:
        if undone.text.encode() != document.content:
            files.write(document, undone.text.encode())
        state = "restored" if undone.back else "kept"
    return Restored(receipt.path, state, _key_paths(undone.back), _key_paths(undone.left), _key_paths(undone.withheld))


def _key_paths(steps: Sequence[EditStep]) -> list[str]:
    return sorted(key_path(step.keys) for step in steps if step.ours not in CONTAINERS)


def _remove_empty(directories: Sequence[str]) -> None:
    for directory in reversed(directories):
        try:
            Path(directory).rmdir()
        except OSError:
            return


# --- looking -----------------------------------------------------------------------------------------------------


def state_of(receipt: Receipt) -> str:
    """What a file is now: `as written`, `changed since`, `gone`, or why it cannot be read."""
    try:
        document = _read(Path(receipt.real), receipt.format)
        if document.content is None:
            return "gone"
        if sha256(document.content) == receipt.after:
            return "as written"
        left = take_back(EDITORS[receipt.format], document.text, receipt.steps).left
    except (RefusedError, UnreadableError) as error:
        return str(error)
    names = ", ".join(_key_paths(left))
    return f"changed since: {names}" if names else "ours stands, something else has changed"
