"""Of the user's own text names, numbers and truth values are shown."""

import pytest

from passenger.edits.concealing import concealed

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
    assert concealed(text) == seen


@pytest.mark.parametrize("text", [text for text, _ in TABLE.values()])
def test_no_line_is_lost(text: str) -> None:
    assert concealed(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("piece", ["]", " ", ", ", "a-", "/* ", "word ", '"\\', "1", "]x"])
def test_a_long_line_takes_no_longer_than_it_is_long(piece: str) -> None:
    """By the square of its length, these would take hours."""
    assert len(concealed(f"a{piece * 200_000}x")) < 1_000_000
