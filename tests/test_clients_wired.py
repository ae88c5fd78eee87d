"""The driver that launches the real programs and sets them up: what it judges and writes; no program is installed."""

import re
from datetime import date
from pathlib import Path

import pytest
from clients.__main__ import options_of
from clients.report import LONGEST
from clients.verdict import PASSED
from clients.wired.play import changed, seen, tree
from clients.wired.table import BEGIN, END, Line, with_lines
from clients.wired.wirings import WIRINGS, Wiring

from passenger.clients.registry import CLIENTS, SETUPS
from tests.clients.sites import BASE, site

NAMES = [wiring.name for wiring in WIRINGS]


def line(client: str, launch: str = PASSED, setup: str = PASSED) -> Line:
    return Line(client=client, version="1.0", launch=launch, setup=setup, day=date(2026, 11, 30), commit="0a1b2c3")


def test_every_client_that_is_run_for_real_has_a_row() -> None:
    launched = {client.name for client in CLIENTS.values() if client.is_run and client.launch}
    assert launched <= {wiring.name for wiring in WIRINGS if wiring.launches}
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_name_is_enough_for_the_turns_and_for_these(name: str) -> None:
    assert set(options_of([name]).names) == {one.program.name for one in WIRINGS if one.name == name}
    with pytest.raises(SystemExit):
        options_of(["nobody"])


def test_every_setup_has_a_row_or_a_reason() -> None:
    without_a_run = {"vscode", "zed"}  # nothing of theirs runs without a person
    too_large = {"open-webui"}
    assert set(SETUPS) - without_a_run - too_large == set(NAMES)


@pytest.mark.parametrize("wiring", [one for one in WIRINGS if one.printed], ids=lambda one: one.name)
def test_what_is_run_in_a_shell_is_what_a_setup_prints(wiring: Wiring, tmp_path: Path) -> None:
    printed = "\n".join(SETUPS[wiring.name].notes(site(tmp_path)))
    found = re.search(wiring.printed, printed, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert BASE in found[0]
    assert not SETUPS[wiring.name].edits(site(tmp_path))


BESIDE = [one for one in WIRINGS if not one.printed and one.name != "codex"]  # a profile of its own


@pytest.mark.parametrize("wiring", BESIDE, ids=lambda one: one.name)
def test_what_is_written_is_written_beside_what_the_user_has(wiring: Wiring, tmp_path: Path) -> None:
    for place, text in wiring.seeds.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(text.encode())
    edits = SETUPS[wiring.name].edits(site(tmp_path, directory=tmp_path / "state"))
    written = {edit.file.relative_to(tmp_path).as_posix() for edit in edits}
    assert written & set(wiring.seeds)


def test_some_of_them_are_cheap_enough_for_each_run_of_ci() -> None:
    quick = [wiring for wiring in WIRINGS if wiring.quick]
    assert {wiring.program.registry for wiring in quick} == {"npm", "pip"}


def test_what_differs_is_named(tmp_path: Path) -> None:
    (tmp_path / ".rc").write_text("a")
    before = tree(tmp_path)
    assert changed(before, seen(tmp_path, before)) == ""
    (tmp_path / ".rc").write_text("b")
    assert changed(before, tree(tmp_path)) == ".rc changed"
    (tmp_path / ".rc").unlink()
    assert changed(before, seen(tmp_path, before)) == ".rc changed"


def test_our_own_files_and_caches_do_not_count(tmp_path: Path) -> None:
    for place in (
        ".local/state/passenger/x.json",
        ".cache/y",
        ".claude/cache/y",
        ".factory/logs/l",
        "tmp/z",
        "settings.toml",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("x")
    assert tree(tmp_path) == {}


def test_a_page_without_the_table_gets_one_and_rows_take_their_places() -> None:
    page = with_lines("# Clients\n", [line("B")], ["A", "B"])
    page = with_lines(page, [line("A"), line("B", setup="undo: .rc changed")], ["A", "B"])
    rows = [row for row in page.splitlines() if row.startswith("| ")][2:]
    assert rows == [
        "| A | 1.0 | passed | passed | 2026-11-30 | 0a1b2c3 |",
        "| B | 1.0 | passed | undo: .rc changed | 2026-11-30 | 0a1b2c3 |",
    ]
    assert page.index(BEGIN) < page.index(END)
    assert page.startswith("# Clients\n")


@pytest.mark.parametrize(
    ("launch", "setup", "count"), [(PASSED, PASSED, 0), ("-", PASSED, 0), ("exit code 1: x", "-", 1), ("a", "b", 2)]
)
def test_only_what_was_tried_and_did_not_pass_is_a_failure(launch: str, setup: str, count: int) -> None:
    assert len(line("A", launch, setup).failures) == count


def test_a_cell_shows_no_place_on_a_machine_and_is_no_longer_than_it_may_be() -> None:
    cell = line("A", f"exit code 1: /home/you/x at http://127.0.0.1:1/v1 | {'y' * 200}").row[2]
    assert "/home/" not in cell
    assert "127.0.0.1" not in cell
    assert len(cell) <= LONGEST + 2
