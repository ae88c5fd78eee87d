"""Rows as plain columns; how they look on a terminal is seen in `test_models`."""

import io

import pytest

from passenger.cli.table import Column, is_terminal, plain, print_facts

COLUMNS = (Column("model"), Column("context", is_number=True), Column("can"))


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    rows = [("gpt-5.5", "1.05M", "see"), ("a-model-of-a-long-name", "8k", "")]
    assert list(plain(COLUMNS, rows)) == [
        "model                   context  can",
        "gpt-5.5                   1.05M  see",
        "a-model-of-a-long-name       8k",
    ]


def test_without_rows_there_are_titles_alone() -> None:
    assert list(plain(COLUMNS, [])) == ["model  context  can"]


def test_facts_stand_below_each_other_and_those_without_a_word_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("a", "one"), ("title", "two\nthree"), ("none", "")])
    assert capsys.readouterr().out == "a      one\ntitle  two\n       three\n"


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_that_is_dumb_is_none() -> None:
    assert is_terminal(Terminal(), {})
    assert not is_terminal(Terminal(), {"TERM": "dumb"})
    assert not is_terminal(io.StringIO(), {})
