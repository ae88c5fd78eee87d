"""Of the user's own text names, numbers and truth values are shown."""

import json
import shlex
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.edits.concealing import ShownSpan, conceal, mask_secret, render, spellings
from passenger.edits.edit import Edit, Format, UnreadableError
from passenger.edits.files import RefusedError
from passenger.edits.journal import apply, plan
from passenger.edits.receipts import Receipts

KEYS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=8, max_size=40)


@given(KEYS)
def test_no_spelling_is_left(key: str) -> None:
    ways = [key, json.dumps(key), json.dumps(key, ensure_ascii=False), shlex.quote(json.dumps(key)), repr(key)]
    ways += [shlex.quote(key), json.dumps(json.dumps(key)), json.dumps(shlex.quote(key))]
    for way in ways:
        assert mask_secret(f"a {way} b", key, "\0").strip("ab '\"\\") == "\0"


@pytest.mark.parametrize("key", ["", "a", "abc"])
def test_a_word_is_no_key(key: str) -> None:
    assert mask_secret("abc a", key, "***") == "abc a"


def test_the_longest_is_looked_for_first() -> None:
    found = spellings("a'b\"c$d")
    assert [len(one) for one in found] == sorted(map(len, found), reverse=True)


TABLE = {
    "JSON with comments": (
        '{\n  // mine, abc\n  "env": {"A": "b", "n": 12, "password": 12},\n"on": ["c"], "e": ""\n}',
        '{\n  // (yours)\n  "env": {"A": "(yours)", "n": 12, "password": (yours)},\n"on": ["(yours)"], "e": ""\n}',
    ),
    "a long comment": ('{ /* mine\n abc */ "a": 1}', '{ /* (yours)\n */ "a": 1}'),
    "TOML": (
        'a = "x" # y\n[mcp.server-1]\nb = \'z\'\nn = 1_000\nd = 2026-01-01\ns = """\nw\n"""\n',
        'a = "(yours)" # (yours)\n[mcp.server-1]\nb = \'(yours)\'\nn = 1_000\nd = 2026-01-01\ns = """(yours)\n\n"""\n',
    ),
    "YAML": (
        "a: some words\nlist:\n  - don't\n  - k: v\nblock: |\n  line one\nn: 3\nurl: http://u:p@h/#x\n",
        "a: (yours)\nlist:\n  - (yours)\n  - k: (yours)\nblock: |\n  (yours)\nn: 3\nurl: (yours)\n",
    ),
    "variables": (
        '#OLD=x\nexport A=b c\nPASSWORD=12\nPORT=80\nE=\nF="g"\r\n',
        '# (yours)\nexport A=(yours)\nPASSWORD=(yours)\nPORT=80\nE=\nF="(yours)"\r\n',
    ),
    "a shell's": ("if [ -f x ]; then\n  echo hi\nfi\n", "(yours)\n  (yours)\n(yours)\n"),
    "a mark at the beginning": ('\ufeff{"a": "b"}', '\ufeff{"a": "(yours)"}'),
    "a key as a name": ('{"sk-abcdefgh1": 1}', '{"(yours)": 1}'),
}


@pytest.mark.parametrize(("text", "seen"), TABLE.values(), ids=TABLE)
def test_each_format(text: str, seen: str) -> None:
    assert conceal(text) == seen


@pytest.mark.parametrize("text", [text for text, _ in TABLE.values()])
def test_no_line_is_lost(text: str) -> None:
    assert conceal(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("piece", ["]", " ", ", ", "a-", "/* ", "word ", '"\\', "1", "]x"])
def test_a_long_line_takes_no_longer_than_it_is_long(piece: str) -> None:
    """By the square of its length, these would take hours."""
    assert len(conceal(f"a{piece * 200_000}x")) < 1_000_000


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


KEYS_BY_FORMAT: dict[Format, tuple[str, ...]] = {"jsonc": ("env", "key"), "json": ("env", "key")}


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
        file, keys = home / "settings", KEYS_BY_FORMAT.get(kind, ("key",))
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
    outer, inner = ShownSpan(6, 35, text[6:35]), ShownSpan(12, 20, '"***"')
    assert render(text, [outer, inner]) == '{"a": {"b": "***", "c": "(yours)"}}'


def test_what_stands_for_a_place_cannot_be_forged() -> None:
    text = '{"a": \ue0000\ue001, "b": "ours"}'
    assert render(text, [ShownSpan(text.index('"ours"'), len(text) - 1, '"ours"')]).count("ours") == 1
