"""What each editor writes, as a person would see it, and what it refuses."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from passenger.edits.edit import Edit, Format, KeyPath, UnreadableError
from passenger.edits.formats import EDITORS
from passenger.edits.steps import put, take_back

PROVIDER = {"name": "Passenger", "on": True}
MODELS: KeyPath = ("models",)
ENTRY = [{"name": "Opus", "roles": ["chat"]}]

EDITED: Sequence[tuple[Format, str, KeyPath, object, str]] = [
    ("json", "", ("env", "A"), "1", '{\n  "env": {\n    "A": "1"\n  }\n}\n'),
    ("json", '{"a":1}', ("b",), 2, '{"a":1, "b": 2}'),
    ("json", '{\n\t"a": 1\n}\n', ("b",), 2, '{\n\t"a": 1,\n\t"b": 2\n}\n'),
    ("json", '{\r\n  "a": {}\r\n}', ("a", "b"), 2, '{\r\n  "a": {\r\n    "b": 2\r\n  }\r\n}'),
    ("json", '{"a": 1, "a": 2}', ("a",), 3, '{"a": 1, "a": 3}'),
    ("jsonc", '{\n  "a": 1 // one\n}', ("b",), 2, '{\n  "a": 1, // one\n  "b": 2\n}'),
    ("jsonc", '{\n  "a": 1, // one\n}', ("b",), 2, '{\n  "a": 1, // one\n  "b": 2,\n}'),
    ("jsonc", '{"a": "// no comment" /* one */}', ("a",), "x", '{"a": "x" /* one */}'),
    ("jsonc", '[{"name": "x"}]', (("name", "P"),), {"name": "P"}, '[{"name": "x"}, {\n  "name": "P"\n}]'),
    ("toml", "# top\n[t]\na = 1\n", ("model",), "m", 'model = "m"\n# top\n[t]\na = 1\n'),
    ("toml", 'model = "a" # mine\n', ("model",), "m", 'model = "m" # mine\n'),
    ("toml", "a = 1", ("p", "q"), PROVIDER, 'a = 1\n\n[p.q]\nname = "Passenger"\non = true\n'),
    ("toml", 'a = """\n[no.table]\n"""\n', ("b",), 1, 'a = """\n[no.table]\n"""\nb = 1\n'),
    ("yaml", "a: 1", ("model",), "openai/m", 'a: 1\nmodel: "openai/m"\n'),
    ("yaml", "model: sonnet # mine\n", ("model",), "m", 'model: "m" # mine\n'),
    (
        "yaml-list",
        "models:\n  - name: x\n",
        MODELS,
        ENTRY,
        'models:\n  # >>> passenger\n  - name: "Opus"\n    roles: ["chat"]\n  # <<< passenger\n  - name: x\n',
    ),
    (
        "yaml-list",
        "a: 1",
        MODELS,
        ENTRY,
        'a: 1\nmodels:\n  # >>> passenger\n  - name: "Opus"\n    roles: ["chat"]\n  # <<< passenger\n',
    ),
    ("dotenv", "A=1", ("B",), "x y", "A=1\nB='x y'\n"),
    ("dotenv", "export A='1' # mine\n", ("A",), "2", "export A=2 # mine\n"),
    ("block", "a\r\n", (), "b", "a\r\n# >>> passenger >>>\r\nb\r\n# <<< passenger <<<\r\n"),
    ("whole", "", (), "all\n", "all\n"),
]

REFUSED: Sequence[tuple[Format, str, KeyPath, object]] = [
    ("json", '{"a": 1,}', ("b",), 1),
    ("json", '{"a": 1} // note', ("b",), 1),
    ("json", "{", ("b",), 1),
    ("json", "{} {}", ("b",), 1),
    ("json", "[" * 500, ("b",), 1),
    ("json", '{"env": "text"}', ("env", "b"), 1),
    ("json", '{"customModels": {}}', ("customModels", ("name", "x")), {"name": "x"}),
    ("json-comments", '{"a": 1,}', ("b",), 1),
    ("jsonc", '{"a": 1 "b": 2}', ("b",), 1),
    ("toml", "a = ", ("b",), 1),
    ("toml", "p.q.name = 'mine'\n", ("p", "q"), PROVIDER),
    ("toml", "p = {q = {name = 'mine'}}\n", ("p", "q"), PROVIDER),
    ("yaml", "model: |\n  text\n", ("model",), "m"),
    ("yaml", "- a\n", ("model",), "m"),
    ("yaml", "{a: 1}", ("model",), "m"),
    ("yaml", "a: 1\n---\nb: 1\n---\n", ("model",), "m"),
    ("yaml-list", "models: [a]\n", MODELS, ENTRY),
    ("yaml-list", "models:\n  a: 1\n", MODELS, ENTRY),
    ("yaml-list", "a: 1\n", (), ENTRY),
    ("dotenv", 'A="1\n2"\n', ("B",), "x"),
    ("dotenv", "", ("B",), "'\"`"),
    ("block", "# >>> passenger >>>\n", (), "b"),
]


def edit(kind: Format, keys: KeyPath, value: object) -> Edit:
    return Edit(file=Path("f"), format=kind, keys=keys, value=value)


@pytest.mark.parametrize(("kind", "before", "keys", "value", "after"), EDITED)
def test_an_edit_as_it_is_written_and_taken_back(
    kind: Format, before: str, keys: KeyPath, value: object, after: str
) -> None:
    text, steps = put(EDITORS[kind], before, [edit(kind, keys, value)])
    assert text == after
    assert take_back(EDITORS[kind], text, steps).text == before


@pytest.mark.parametrize(("kind", "text", "keys", "value"), REFUSED)
def test_what_is_not_edited_is_said(kind: Format, text: str, keys: KeyPath, value: object) -> None:
    with pytest.raises(UnreadableError) as refused:
        put(EDITORS[kind], text, [edit(kind, keys, value)])
    assert str(refused.value)
