"""The benchmark of `passenger usage`: the ledger that it makes is one, and what it measures has worked."""

from pathlib import Path

import pytest
from benchmarks.usage import DAYS, cpu_of, make_ledger

from tests.ledger.looking import totals
from tests.ledger.used import TODAY


def test_it_measures_a_command_on_a_ledger_as_a_server_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    assert make_ledger(path, 2 * DAYS, TODAY) >= DAYS
    assert totals(path)[0] == 2 * DAYS
    assert cpu_of(("usage", "--since", "2020-01-01"), str(tmp_path), path) > 0


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="usage --since never has failed"):
        cpu_of(("usage", "--since", "never"), str(tmp_path), tmp_path / "none")
