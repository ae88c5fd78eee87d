"""Imports point down only."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import passenger
import passenger.dialects
from passenger.gateway import Seat

ROOT = Path(passenger.__file__).parent

LAYERS: dict[str, int] = {
    "errors": 0,
    "secret": 0,
    "chat": 0,
    "events": 0,
    "framing": 0,
    "body": 0,
    "decoding": 0,
    "reminders": 0,
    "arguments": 0,
    "pairing": 0,
    "wellformed": 0,
    "limits": 0,
    "jsontext": 0,
    "offload": 0,
    "deadline": 0,
    "authority": 0,
    "seals": 0,
    "stops": 0,
    "toolnames": 0,
    "reasoning": 0,
    "dialects": 1,
    "embeddings": 1,
    "copilot": 2,
    "routing": 2,
    "thoughts": 2,
    "account": 2,
    "accounts": 2,
    "session": 2,
    "exchange": 2,
    "store": 3,
    "vault": 3,
    "proxies": 3,
    "trust": 3,
    "network": 3,
    "net": 3,
    "github": 3,
    "upstream": 3,
    "learned": 3,
    "catalogfile": 3,
    "negotiate": 3,
    "tokens": 3,
    "control": 3,
    "edits": 3,
    "gateway": 4,
    "linehandler": 5,
    "access": 5,
    "clients": 5,
    "config": 5,
    "log": 5,
    "observe": 5,
    "services": 5,
    "server": 5,
    "web": 5,
    "doctor": 5,
    "cli": 6,
    "__main__": 6,
}
"""The layer of each module or package, from the values up to the command line."""

IO_ONLY = {
    "httptools": {"net", "server", "web"},
    "filelock": {"store", "edits"},
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
def test_a_module_imports_only_from_its_own_layer_and_below(path: Path) -> None:
    if part(path) == "simulator":
        assert ours(path) <= {"simulator"}
        return
    above = {name for name in ours(path) if name != "simulator" and LAYERS[name] > LAYERS[part(path)]}
    assert not above
    assert "simulator" not in ours(path) or part(path) == "cli"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_io_layer_imports_what_touches_the_network_or_locks(path: Path) -> None:
    for library, allowed in IO_ONLY.items():
        if any(name.split(".")[0] == library for name in imports(path)):
            assert part(path) in allowed


SHARED = {
    "__init__",
    "caching",
    "caps",
    "choices_in",
    "citations",
    "cut_parts",
    "registry",
    "sessions",
    "surrogate_pairs",
}
"""What is no dialect among the dialects."""


def test_a_dialect_never_imports_another() -> None:
    shared = set(vars(passenger.dialects)) | SHARED
    for path in (ROOT / "dialects").rglob("*.py"):
        own = path.relative_to(ROOT / "dialects").with_suffix("").parts[0]
        if own in SHARED:
            continue
        others = {name.split(".")[2] for name in imports(path) if name.startswith("passenger.dialects.")}
        assert {name for name in others if _is_a_dialect(name)} <= {own}, path
        assert others - {own} <= shared, path


def _is_a_dialect(name: str) -> bool:
    place = ROOT / "dialects" / name
    return name not in SHARED and (place.is_dir() or place.with_suffix(".py").is_file())


def test_every_module_has_a_layer() -> None:
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
