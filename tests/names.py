"""Public names of `src` that mean two things: a reader of one would think of the other. `make names` prints them.

Counted are classes and aliases of all modules, and functions that another module imports by name. The simulator is left
out, which shares no name with the rest. A name that is one role in many modules of a package is one meaning.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path

import passenger
from tests.printing import print_lines

ROOT = Path(passenger.__file__).parent

ROLES: Mapping[str, Set[str]] = {
    "dialects": {"Reader", "Writer", "ChoicesWriter", "StreamRelay"},
    "cli": {"run"},
}
"""Names that each module of a package has for its own part in the same play."""

Meanings = Mapping[str, Set[str]]
"""Names, each with the modules or roles that it stands for."""


def clashes() -> dict[str, list[str]]:
    """The names with two or more meanings."""
    found = {name: sorted(places) for meant in (_classes(), _functions()) for name, places in meant.items()}
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def roles() -> Iterator[str]:
    """A line for each role: its name, its package, and how many modules play it."""
    for package, names in ROLES.items():
        for name in sorted(names):
            modules = [module for module, tree in _trees().items() if _is_in(module, package) and name in _public(tree)]
            yield f"{name} ({package}): {len(modules)} modules"


def _classes() -> Meanings:
    found: dict[str, set[str]] = defaultdict(set)
    for module, tree in _trees().items():
        for name in _public(tree):
            if name[0].isupper() and not name.isupper():
                found[name].add(_meaning(module, name))
    return found


def _functions() -> Meanings:
    """The dialects are cut alike: a function that several of them have is a role of theirs, whatever it is called."""
    found: dict[str, set[str]] = defaultdict(set)
    for tree in _trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None and node.module in _trees():
                for name in (alias.name for alias in node.names):
                    if name.islower() and name in _public(_trees()[node.module]):
                        shared = _is_in(node.module, "dialects")
                        found[name].add("dialects (role)" if shared else _meaning(node.module, name))
    return found


def _meaning(module: str, name: str) -> str:
    role = next((package for package, names in ROLES.items() if name in names and _is_in(module, package)), None)
    return f"{role} (role)" if role else module.removeprefix("passenger.")


def _is_in(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"passenger.{package}.")


@cache
def _trees() -> Mapping[str, ast.Module]:
    """Every module that is not the simulator's, by its dotted name."""
    paths = [path for path in ROOT.rglob("*.py") if "simulator" not in path.relative_to(ROOT).parts]
    return {_dotted(path): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _public(tree: ast.Module) -> Set[str]:
    return {name for node in tree.body for name in _defined(node) if not name.startswith("_")}


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            pass


def main() -> int:
    """Print the names with two meanings, then the roles; exit 1 where there is one of the first."""
    found = clashes()
    meanings = (f"{name} means {len(places)} things: {', '.join(places)}" for name, places in found.items())
    print_lines([*meanings, f"{len(found)} public names mean two things. Roles:", *(f"  {line}" for line in roles())])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
