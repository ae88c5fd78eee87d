"""The marks show what coverage.py's own tracer sees, and show it however a process ends."""

import marshal
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from coverage import Coverage

from tests.reached.files import PLACE, begin, marked, save, starting, write
from tests.reached.probes import MARKS
from tests.reached.samples import SAMPLES

CALLS = [(name, some) for name, (_, calls) in SAMPLES.items() for some in dict.fromkeys([(), *zip(calls), calls])]

Seen = tuple[list[int], dict[int, tuple[int, int]]]
"""The lines that were missed, and of each line with several ways out how many there are and how many were taken."""


def run(code: CodeType, calls: tuple[str, ...], marks: bytearray) -> None:
    names: dict[str, Any] = {"__name__": "sample", MARKS: marks}
    exec(code, names)
    for call in calls:
        eval(call, names)


def seen(coverage: Coverage, file: Path) -> Seen:
    return coverage.analysis2(str(file))[3], coverage.branch_stats(str(file))


def traced(file: Path, calls: tuple[str, ...]) -> Seen:
    """As coverage.py's own tracer sees it."""
    coverage = Coverage(data_file=None, branch=True, include=[str(file)], config_file=False)
    with coverage.collect():
        run(compile(file.read_text(), str(file), "exec", dont_inherit=True), calls, bytearray())
    return seen(coverage, file)


def shown(file: Path, calls: tuple[str, ...]) -> Seen:
    """As the marks show it."""
    code, meanings = marked(file, 0)
    marks = bytearray(len(meanings))
    run(marshal.loads(code), calls, marks)
    arcs = [arc for mark, meant in zip(marks, meanings, strict=True) if mark for arc in meant]
    write(file.with_suffix(".data"), {str(file): arcs})
    return read(file.with_suffix(".data"), file)


def read(data: Path, file: Path) -> Seen:
    coverage = Coverage(data_file=str(data), branch=True, config_file=False)
    coverage.load()
    return seen(coverage, file)


@pytest.mark.parametrize(("name", "calls"), CALLS)
def test_the_marks_show_what_a_tracer_sees(tmp_path: Path, name: str, calls: tuple[str, ...]) -> None:
    file = tmp_path / "sample.py"
    file.write_text(SAMPLES[name][0])
    assert shown(file, calls) == traced(file, calls)


def test_the_samples_go_every_way(tmp_path: Path) -> None:
    for number, (text, calls) in enumerate(SAMPLES.values()):
        file = tmp_path / f"sample_{number}.py"
        file.write_text(text)
        missed, ways = shown(file, calls)
        assert not calls or not missed, text
        assert not calls or all(taken == all_ for all_, taken in ways.values()), text


ENDS = {
    "by itself": ("", ["late"]),
    "without a last word": ("os._exit(0)", []),
    "killed": ("os.kill(os.getpid(), 9)", []),
    "as a child": ("child = os.fork(); child and (os.wait(), os._exit(0))", ["late"]),
    "elsewhere": ("os.chdir('/'); os.environ.clear()", ["late"]),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a package of four modules is measured."""
    (tmp_path / "source" / "sample").mkdir(parents=True)
    for name in ("__init__", "early", "late", "never"):
        (tmp_path / "source" / "sample" / f"{name}.py").write_text("import os\n")
    begin(tmp_path / "place", tmp_path / "source")
    return tmp_path / "place"


def ran(place: Path, source: Path, script: str) -> list[str]:
    """The modules that were run where a process finds them there."""
    script = f"{starting()}\nimport sys, os\nsys.path.insert(0, {str(source)!r})\n{script}"
    env = {**os.environ, PLACE: str(place)}
    subprocess.run([sys.executable, "-S", "-c", script], env=env, check=False)
    save(place, place / "data")
    files = sorted((place.parent / "source" / "sample").iterdir())
    return [file.stem for file in files if file.suffix == ".py" and not read(place / "data", file)[0]]


@pytest.mark.parametrize(("end", "last"), ENDS.values(), ids=ENDS)
def test_what_ran_is_known_however_a_process_ends(place: Path, end: str, last: list[str]) -> None:
    script = f"import sample.early\n{end}\nimport sample.late"
    assert ran(place, place.parent / "source", script) == ["__init__", "early", *last]


def test_a_package_of_the_same_name_elsewhere_is_not_measured(place: Path) -> None:
    shutil.copytree(place.parent / "source", place.parent / "copy")
    assert ran(place, place.parent / "copy", "import sample.early") == []
