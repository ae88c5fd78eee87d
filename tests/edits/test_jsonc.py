"""JSON as people and programs leave it: what cannot be edited is refused with its line, and nothing takes long."""

import pytest

from passenger.edits.edit import Edit, KeyPath, UnreadableError
from passenger.edits.jsonc import JsonEditor, document
from passenger.edits.steps import put, take_back
from tests.edits.kinds import KINDS

VALUES: list[tuple[KeyPath, object]] = [(("env", "U"), "http://x"), (("model",), "m")]


def edited(text: str, editor: JsonEditor) -> str:
    """The text with our values in it; taken back, it is what it was."""
    edits = [Edit(file=KINDS["jsonc"].other().file, format="jsonc", keys=keys, value=one) for keys, one in VALUES]
    after, steps = put(editor, text, edits)
    for keys, value in VALUES:
        found = editor.find(after, keys)
        assert found is not None
        assert found.value == value
    assert take_back(editor, after, steps).text == text
    return after


@pytest.mark.proves("undo")
@pytest.mark.parametrize(
    "text",
    [
        '{"env":{"U":"1"},"env":{"U":"2"},"model":"a","model":"b"}',
        '{"env":"x","env":{"U":"2"}}',
        '{"a":' * 198 + "1" + "}" * 198,
        '{"\\u0065nv":{"\\u0055":"1"},"\\ud800":"\\ud83d\\ude00"}',
        '{\r\n\t"env": {\r\n\t\t"A": "1"\r\n\t}\r\n}\r\n',
        '{\r"env": {\r"A": "1"\r}\r}\r',
        "\ufeff{}",
        "\ufeff",
        "",
        "  \n\n",
        '{"a":1e999,"a":-0.0,"__proto__":{}}',
        '{"model":{"x":[1]},"":"\u2028"}',
    ],
)
def test_odd_but_strict_json_is_edited_and_taken_back(text: str) -> None:
    edited(text, JsonEditor(comments=False, trailing=False))


@pytest.mark.proves("undo")
@pytest.mark.parametrize(
    "text",
    [
        '/*a*/{/*b*/"env"/*c*/:/*d*/{/*e*/"U"/*f*/:/*g*/"1"/*h*/,/*i*/}/*j*/,/*k*/}/*l*/',
        '{// a\n"env"// b\n:// c\n{// d\n}// e\n,// f\n}// g',
        '{ // x\r "env": {} }',
        '{"a":1 /* , */ }',
        '{"a":1, // last\n}',
        '{"a":1 // last\n}',
        "// hi\n",
        "/* hi */",
    ],
)
def test_comments_may_stand_anywhere(text: str) -> None:
    edited(text, JsonEditor())


@pytest.mark.proves("setup")
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"env":{"U":"1"},"env":"x"}', "not an object"),
        ('{"env":null}', "not an object"),
        ("[]", "not an object"),
        ('{"a":' * 250 + "1" + "}" * 250, "more levels"),
        ("[" * 100_000, "more levels"),
        ('{"a":' + "9" * 5000 + "}", "a number that is too long"),
        ('{"env":{}} /* x', "something after"),
        ('{"env":{},,}', "no string"),
        ('{"a":NaN}', "no value"),
        ('{"a":"x\ny"}', "a string that does not end"),
        ("{\n\n'a':1}", "line 3"),
        ("{} {}", "something after"),
    ],
)
def test_what_is_no_such_document_is_refused_and_says_why(text: str, what: str) -> None:
    with pytest.raises(UnreadableError, match=what):
        edited(text, JsonEditor())


def test_a_document_is_read_once_for_all_that_is_looked_for() -> None:
    before = document.cache_info().misses
    after, steps = put(JsonEditor(), '{"once": 1}', KINDS["jsonc"].edits())
    take_back(JsonEditor(), after, steps)
    assert document.cache_info().misses - before <= 2 * len(steps) + 1
