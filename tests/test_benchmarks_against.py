"""The comparison with another revision: what is built, what is judged, and what a reader is told."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks import against
from benchmarks.__main__ import main
from benchmarks.arena import run
from benchmarks.contestants import PASSENGER, Contestant, Stage
from benchmarks.install import COMPLETE
from benchmarks.load import Job
from benchmarks.measured import Measured
from benchmarks.process import ROOT
from benchmarks.report import as_number
from benchmarks.workloads import JOBS, LINES, Plan

OTHER = Contestant("abc1234", {})


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two revisions of a package that says which it is."""
    where = tmp_path / "repository"
    (where / "src" / "passenger").mkdir(parents=True)
    (where / "requirements").mkdir()
    (where / "requirements" / "run.txt").write_text("")
    git(where.parent, "init", "--quiet", str(where))
    for word in ("old", "new"):
        (where / "src" / "passenger" / "__init__.py").write_text("")
        (where / "src" / "passenger" / "__main__.py").write_text(f"print({word!r})\n")
        git(where, "add", ".")
        git(where, "commit", "--quiet", "-m", word)
    return where


def test_a_revision_is_built_once_and_is_itself_whatever_the_work_tree_has(repository: Path, tmp_path: Path) -> None:
    (repository / "src" / "passenger" / "__main__.py").write_text("print('not committed')\n")
    built = against.build("HEAD~1", repository, tmp_path / "cache")
    assert built.name == git(repository, "rev-parse", "HEAD~1")[:7]
    assert built.command is not None
    command = [*built.command(Stage(1, "http://127.0.0.1:1", tmp_path))][:3]
    said = subprocess.run(command, env=dict(built.env), cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == "old\n"
    marker = next((tmp_path / "cache").glob(f"*/{COMPLETE}"))
    before = marker.stat().st_mtime_ns
    against.build("HEAD~1", repository, tmp_path / "cache")
    assert marker.stat().st_mtime_ns == before


@pytest.mark.parametrize("revision", ["no-such-revision", "--all", "", "HEAD~99"])
def test_a_revision_that_is_not_there_is_named(revision: str, repository: Path, tmp_path: Path) -> None:
    with pytest.raises(against.NoRevisionError, match="no revision"):
        against.build(revision, repository, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_command_says_which_revision_or_job_there_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "--against", "no-such-revision"])
    assert main() == 2
    assert "no-such-revision" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["benchmarks", "--against", "HEAD", "--jobs", "whole,all of them"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "no job: all of them; there are whole, agent," in capsys.readouterr().err


def measured(now: float) -> Measured:
    """A request that took 100 us before, and now so many; a crowd, which nobody judges, twice as many."""
    seen = Measured()
    seen.add(OTHER.name, "whole cpu", 90, 100, 100, 110)
    seen.add(PASSENGER.name, "whole cpu", now - 10, now, now, now + 10)
    seen.add(OTHER.name, "crowd cpu", 10)
    seen.add(PASSENGER.name, "crowd cpu", 20)
    return seen


@pytest.mark.parametrize(("now", "said"), [(96, "no worse"), (104, "no worse"), (104.5, "WORSE")])
def test_four_percent_are_the_most_that_a_judged_line_may_lose(now: float, said: str) -> None:
    _, whole, crowd = against.rows(measured(now), OTHER)
    assert whole[2:5] == ["100", as_number(now), f"{now / 100:.3f}"]
    assert whole[-1] == said
    assert crowd[-3:] == ["2.000", "-", "-"]
    assert against.worse(measured(now), OTHER) == (["(a) 1 KB, answered whole"] if said == "WORSE" else [])


def test_all_jobs_but_those_by_the_clock_are_compared_unless_some_are_named() -> None:
    assert set(against.jobs()) == set(JOBS) - {"one by one", "first word"}
    assert set(against.jobs(("first word", "whole"))) == {"whole", "first word"}


def test_every_judged_line_is_there() -> None:
    titles = {line.title[:4].strip() for line in LINES if line.source in against.JUDGED and line.per == 1}
    assert titles == {"(a)", "(b')", "(c)", "(d)", "(d')"}


def test_two_of_one_kind_are_measured_in_turn() -> None:
    twin = replace(PASSENGER, name=OTHER.name, size=None, help_command=())
    job = Job(kind="closed", body="small", connections=2, slices=2, size=4, warm_up=1)
    seen = run((twin, PASSENGER), (), Plan(1, 2, 1, 60), lambda _: None, {"whole": job})
    assert len(seen.samples[twin.name, "whole cpu"]) == len(seen.samples[PASSENGER.name, "whole cpu"]) > 0
    assert "whole" in against.rows(seen, twin)[1][0]
