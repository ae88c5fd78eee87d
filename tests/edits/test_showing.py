"""No diff shows a key, however it is spelled, nor anything else that may be one."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.edits.edit import Edit, Format, UnreadableError
from passenger.edits.files import RefusedError
from passenger.edits.journal import apply, plan
from passenger.edits.receipts import Receipts
from passenger.edits.showing import Place, shown

MARKS = "QXZ\u96ea\u00df"
"""Characters that stand in secrets alone: what shows one of them shows a part of a secret."""

SECRETS = st.lists(st.sampled_from([*MARKS, *"\"'\\$`# /,=:{}[]-&%!"]), min_size=4, max_size=24).map(
    lambda chars: f"Q{''.join(chars)}Z"
)


def as_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def documents(kind: Format, mine: str, theirs: str) -> str:
    """A file of the user's with a key where ours will stand, and others around it."""
    a, b = as_json(mine), as_json(theirs)
    match kind:
        case "jsonc":
            return f"""{{
  // was {theirs}
  "env": {{"other": {b}, "key": {a}, "more": {{"list": [{b}, 1], "on": true}}}},
  "last": {b} // {theirs}
}}
"""
        case "json":
            return f'{{"headers": {{"x-custom": {b}}}, "env": {{"key": {a}}}, "last": {b}}}'
        case "toml":
            return f"# {theirs}\nother = {b} # {theirs}\nkey = {a}\nmore = [{b}, 1]\n[table]\nx = {b}\n"
        case "yaml":
            return (
                f"# {theirs}\nother: {b}\nkey: {a}\nlist:\n  - {b}\nplain: Q Z {theirs.strip(MARKS)}\nmap: {{a: {b}}}\n"
            )
        case _:
            return f"# {theirs}\nother=QZ-123\nexport key=Q.Z\nmore='Q X'\n"


KEYS: dict[Format, tuple[str, ...]] = {"jsonc": ("env", "key"), "json": ("env", "key")}


def diffs(kind: Format, before: str | None, edits: list[Edit], home: Path) -> list[str]:
    """What is shown before the file is written, after it, and before a later setup with other edits."""
    file = edits[0].file
    if before is not None:
        file.write_text(before)
    told, receipts = list[str](), Receipts(home / "state")
    for wanted in (edits, edits, [Edit(file=file, format=kind, keys=("extra",), value="new")]):
        changes = plan(wanted, receipts)
        told += [change.diff() for change in changes]
        apply(changes, receipts)
    return told


@pytest.mark.proves("promise 2")
@pytest.mark.parametrize("kind", ["json", "jsonc", "toml", "yaml", "dotenv"])
@given(ours=SECRETS, mine=SECRETS, theirs=SECRETS)
def test_no_diff_shows_any_part_of_a_secret(kind: Format, ours: str, mine: str, theirs: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        file, keys = home / "settings", KEYS.get(kind, ("key",))
        edits = [
            Edit(file=file, format=kind, keys=keys, value=ours, secret=True),
            Edit(file=file, format=kind, keys=(*keys[:-1], "url"), value="http://127.0.0.1:8081"),
        ]
        try:
            told = diffs(kind, documents(kind, mine, theirs), edits, home)
        except (RefusedError, UnreadableError):
            return
    lines = [line for text in told for line in text.splitlines() if not line.startswith("---")]
    assert any("http://127.0.0.1:8081" in line for line in lines), "what is ours is seen"
    assert not [line for line in lines if set(line) & set(MARKS)]


@pytest.mark.parametrize(
    ("name", "before", "is_seen"),
    [
        ("model", "claude-3-5-sonnet-20241022", True),
        ("url", "https://api.example.com/v1", True),
        ("url", "https://me:word@api.example.com/v1", False),
        ("url", "https://api.example.com/v1?k=word", False),
        ("apiKey", "word", False),
        ("authorization", "word", False),
        ("model", "abcdefgh12345678abcdefgh", False),
    ],
)
def test_a_value_that_is_replaced_is_seen_unless_it_may_be_a_secret(
    tmp_path: Path, name: str, before: str, is_seen: bool
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({name: before}))
    (change,) = plan([Edit(file=file, format="json", keys=(name,), value="new")], Receipts(tmp_path / "state"))
    assert (before in change.diff()) is is_seen
    assert '"new"' in change.diff()


def test_an_object_that_is_replaced_shows_its_names(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"provider": {"name": "mine", "apiKey": "word", "n": 1}}')
    (change,) = plan([Edit(file=file, format="json", keys=("provider",), value="x")], Receipts(tmp_path / "state"))
    assert '"name": "(yours)", "apiKey": "(yours)", "n": 1' in change.diff()


def test_of_two_places_the_inner_one_counts() -> None:
    text = '{"a": {"b": "secret", "c": "other"}}'
    outer, inner = Place(6, 35, text[6:35]), Place(12, 20, '"***"')
    assert shown(text, [outer, inner]) == '{"a": {"b": "***", "c": "(yours)"}}'


def test_what_stands_for_a_place_cannot_be_forged() -> None:
    text = '{"a": \ue0000\ue001, "b": "ours"}'
    assert shown(text, [Place(text.index('"ours"'), len(text) - 1, '"ours"')]).count("ours") == 1
