"""The benchmark of the ledger: it measures what a server does."""

from pathlib import Path

from benchmarks.ledger import finished, measure

from passenger.ledger.rows import row_of


def test_it_measures_a_turn_that_has_all_that_a_row_can_have() -> None:
    exchange = finished(1)
    assert exchange.is_billed
    row = row_of(exchange)
    assert (row.fresh, row.cache_read, row.cache_write, row.nano) == (700, 240_300, 4_000, 14_700_000_000)
    assert (row.upstream_dialect, row.mode, row.code) == ("messages", "relayed", "")


def test_each_figure_is_there(tmp_path: Path) -> None:
    figures = {figure.name.strip(): figure.value for figure in measure(tmp_path, count=50, rounds=1)}
    assert len(figures) == 6
    assert min(figures.values()) > 0
