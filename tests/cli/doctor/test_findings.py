"""What was found as text."""

from hypothesis import given
from hypothesis import strategies as st

from passenger.cli.doctor.findings import (
    PLAIN,
    Finding,
    fail,
    findings_as_json,
    has_failed,
    lines,
    ok,
    report,
    skip,
    warn,
)

FOUND = [ok("a", "well"), warn("bb", "odd", "unset X"), fail("c", "broken", see="https://github.com/"), skip("d", "no")]


def test_what_is_to_be_typed_stands_below_its_line() -> None:
    assert list(lines(FOUND)) == [
        "a   ✓ well",
        "bb  ! odd",
        "      → unset X",
        "c   ✗ broken",
        "        https://github.com/",
        "d   - no",
        "1 to mend, 1 to know of. To be pasted, without secrets: passenger doctor --report",
    ]


def test_where_nothing_is_odd_the_last_line_says_so() -> None:
    assert list(lines([FOUND[0]])) == ["a  ✓ well", "All is well."]


def test_only_a_failure_is_one() -> None:
    assert has_failed(FOUND)
    assert not has_failed([FOUND[0], FOUND[1], FOUND[3]])
    assert findings_as_json(FOUND, "1")["ok"] is False


def test_colour_is_for_the_mark_alone() -> None:
    assert next(lines(FOUND, color=True)) == "a   \x1b[32m✓\x1b[0m well"


def test_signs_can_be_words() -> None:
    assert list(lines(FOUND, marks=PLAIN))[3] == "c   FAIL broken"


def test_private_words_are_replaced_whole_and_no_fence_is_closed_early() -> None:
    found = [ok("a", "jo is in /home/jo, join ```")]
    text = "\n".join(report(found, {"system": "/home/jo"}, {"/home/jo": "~", "jo": "LOGIN", "": "x"}))
    assert "system: ~\n" in text
    assert "All is well" not in text
    assert "To be pasted" not in "\n".join(report(FOUND, {}, {}))
    assert "a  ok LOGIN is in ~, join '''" in text


@given(st.text())
def test_no_text_makes_a_second_line(text: str) -> None:
    assert len(list(lines([Finding("a", "ok", text)]))) == 2
