"""Every promise, threat and fault that docs/verification.md names has a test that says so, and the page lists them."""

from pathlib import Path

import pytest

from tests.proofs import FAULTS, PROMISES, ROWS, THREATS, proofs, table

PAGE = Path(__file__).parent.parent / "docs" / "verification.md"


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_a_test(row: str) -> None:
    assert proofs().get(row)


def test_no_test_proves_a_row_that_there_is_not() -> None:
    assert set(proofs()) <= set(ROWS)


def test_the_page_has_the_tables_that_the_tests_make() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for group in (PROMISES, THREATS, FAULTS):
        assert table(group) in page, "write them anew: python -m tests.proofs"
