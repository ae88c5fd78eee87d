"""Imports point down only. `python -m tests.test_layers` draws the layers into docs/internals.md."""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import passenger
from passenger.gateway import Seat

ROOT = Path(passenger.__file__).parent

LAYERS = (
    "errors",
    "secret",
    "limits",
    "jsontext",
    "chat",
    "dialects",
    "net",
    "private_file",
    "database_file",
    "tokens",
    "account",
    "quota",
    "state",
    "exchange",
    "team",
    "copilot",
    "cache",
    "search",
    "gateway",
    "observe",
    "ledger",
    "config",
    "edits",
    "clients",
    "services",
    "server",
    "wiring",
    "cli",
    "__main__",
)
"""Each package and each module of the root, from the values up to the command line: none imports what comes later."""

IO_ONLY = {
    "httptools": {"net", "server"},
    "filelock": {"private_file", "edits", "ledger"},
    "tiktoken": {"tokens"},
}
"""Libraries that only some modules may import, because they touch the network or the disk."""

MODULES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def part(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (f"{module}.{name.name}" for name in names)
            case ast.ImportFrom(level=level):
                assert not level, f"{path}: relative imports hide the layer"
            case _:
                pass


def ours(path: Path) -> set[str]:
    found = {name.split(".")[1] for name in imports(path) if name.startswith("passenger.")}
    return {name for name in found if (ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file()}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    if part(path) == "simulator":
        assert ours(path) <= {"simulator"}
        return
    above = LAYERS[LAYERS.index(part(path)) + 1 :]
    assert not ours(path) & set(above)
    assert "simulator" not in ours(path) or part(path) in {"cli", "config"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_io_layer_imports_what_touches_the_network_or_locks(path: Path) -> None:
    for library, allowed in IO_ONLY.items():
        if any(name.split(".")[0] == library for name in imports(path)):
            assert part(path) in allowed


VENDORS = {"openai", "anthropic", "google", "ollama"}
"""The folders of the dialects; what else is among the dialects is shared by all of them."""


def test_a_dialect_never_imports_another_vendors() -> None:
    for vendor in VENDORS:
        for path in (ROOT / "dialects" / vendor).rglob("*.py"):
            others = {name.split(".")[2] for name in imports(path) if name.startswith("passenger.dialects.")}
            assert not (others - {vendor}) & VENDORS, path


def test_the_gateway_knows_dialects_by_their_values_alone() -> None:
    for path in sorted((ROOT / "gateway").glob("*.py")):
        if path.stem != "counting":  # which asks Copilot's one counter, of Anthropic's API
            named = {name.split(".")[2] for name in imports(path) if name.count(".") > 1 and ".dialects." in name}
            assert not named & VENDORS, path


def test_every_package_has_its_place() -> None:
    assert {part(path) for path in MODULES} - {"simulator"} == set(LAYERS)


def test_whoever_is_not_of_the_gateway_asks_a_seat_and_not_its_parts() -> None:
    parts = {one.name for one in fields(Seat)}
    for path in MODULES:
        if part(path) in {"gateway", "simulator"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Attribute(value=ast.Attribute(value=ast.Name("seat") | ast.Attribute(attr="seat"), attr=name)):
                    assert name not in parts, f"{path}:{node.lineno} reaches through a seat"
                case _:
                    pass


# --- the drawing -------------------------------------------------------------------------------------------------

PAGE = ROOT.parents[1] / "docs" / "internals.md"
BEGIN, END = "<!-- layers: written by `python -m tests.test_layers` -->\n", "<!-- end of the layers -->"


def drawing() -> str:
    """The layers from the top down, each with what its docstring says first."""
    width = max(map(len, LAYERS)) + 2
    return "```text\n" + "".join(f"{name:{width}}{_is(name)}\n" for name in reversed(LAYERS)) + "```\n"


def _is(name: str) -> str:
    file = ROOT / name / "__init__.py" if (ROOT / name).is_dir() else ROOT / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    return re.split(r"(?<=\.)\s", docstring.replace("\n", " "))[0]


def test_the_page_has_the_layers_as_they_are() -> None:
    assert BEGIN + drawing() + END in PAGE.read_text()


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + drawing() + END + rest.partition(END)[2])
