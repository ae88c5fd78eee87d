"""The directory of a measurement: the code of each module with its marks, their bytes, and what they mean."""

import ast
import json
import marshal
import shutil
import sysconfig
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from coverage import CoverageData
from coverage.parser import PythonParser

from tests.reached import hook
from tests.reached.probes import Arc, Probes

PLACE = "TESTS_REACHED"
"""The environment variable with the directory. Where it is set, an interpreter starts with the hook."""


def begin(place: Path, source: Path) -> None:
    """Compile all modules below a directory, with marks of which none is set."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(hook.__file__, place / "hook.py")
    codes: dict[str, tuple[str, bytes]] = {}
    meanings: list[tuple[str, list[Arc]]] = []
    for file in sorted(source.rglob("*.py")):
        code, arcs = marked(file, len(meanings))
        codes[_module(file.relative_to(source))] = str(file), code
        meanings += [(str(file), one) for one in arcs]
    (place / "packages").write_text("\n".join(name for name in codes if "." not in name))
    (place / "codes").write_bytes(marshal.dumps(codes))
    (place / "meanings.json").write_text(json.dumps(meanings))
    (place / "marks").write_bytes(bytes(len(meanings)))


def marked(file: Path, first: int) -> tuple[bytes, list[list[Arc]]]:
    """A module's code with marks from this number on, and what each of them shows."""
    text = file.read_text(encoding="utf-8")
    parser = PythonParser(text, str(file))
    parser.parse_source()
    probes, tree = Probes(parser, first), ast.parse(text)
    probes.put(tree)
    ast.fix_missing_locations(tree)
    return marshal.dumps(compile(tree, str(file), "exec", dont_inherit=True)), probes.arcs


def _module(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def install() -> None:
    """Let the interpreters of this environment start with the hook where they are to."""
    Path(sysconfig.get_path("purelib"), "tests_reached.pth").write_text(starting() + "\n")


def starting() -> str:
    """The line that they start with."""
    run = "hook = {}; exec(open(place + '/hook.py').read(), hook); hook['start'](place)"
    return f"import os; place = os.getenv({PLACE!r}); place and exec({run!r})"


def save(place: Path, data: Path) -> None:
    """Write down for `coverage report` what the marks show."""
    found: dict[str, set[Arc]] = defaultdict(set)
    meanings = json.loads((place / "meanings.json").read_text())
    for mark, (file, arcs) in zip((place / "marks").read_bytes(), meanings, strict=True):
        found[file].update((begin, end) for begin, end in arcs if mark)
    write(data, found)


def write(data: Path, found: Mapping[str, Collection[Arc]]) -> None:
    """Write down what was run of each file, which may be nothing."""
    data.unlink(missing_ok=True)
    written = CoverageData(str(data))
    written.add_arcs(found)
    written.touch_files(found)
    written.write()
