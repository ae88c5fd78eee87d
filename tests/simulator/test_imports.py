"""The simulator stands alone: proved on its syntax trees."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import passenger.simulator

SOURCES = sorted(Path(passenger.simulator.__file__).parent.rglob("*.py"))
ALLOWED = sys.stdlib_module_names | {"msgspec"}


def imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level):
                assert level == 0, f"{source.name} has a relative import"
                yield str(module)
            case _:
                pass


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_the_simulator_imports_only_itself_msgspec_and_the_standard_library(source: Path) -> None:
    for name in imported(source):
        ours = name == "passenger.simulator" or name.startswith("passenger.simulator.")
        assert ours or name.partition(".")[0] in ALLOWED, f"{source.name} imports {name}"


def test_the_walk_sees_the_whole_package() -> None:
    assert len(SOURCES) > 20
    assert any("passenger.simulator.faults" in imported(source) for source in SOURCES)
