"""What keeps settings from being served with."""

from pathlib import Path

import pytest

from passenger.cli.servable import no_workers, open_to_all, same_ports, unwritable
from passenger.config import Loaded, load
from passenger.control.hello import read_or_make_secret
from passenger.simulator import Simulator
from tests.proxy import running


def loaded(directory: Path, **environ: str) -> Loaded:
    return load(flags={}, config_path=None, environ=environ, cwd=directory, user_dir=directory)


@pytest.mark.parametrize(
    ("workers", "can_fork", "is_refused"), [("1", False, False), ("2", False, True), ("2", True, False)]
)
def test_several_workers_need_a_system_that_forks(
    tmp_path: Path, workers: str, *, can_fork: bool, is_refused: bool
) -> None:
    problem = no_workers(loaded(tmp_path, PASSENGER_SERVER_WORKERS=workers), can_fork=can_fork)
    assert (problem is not None) is is_refused


@pytest.mark.proves("promise 3", "N1")
@pytest.mark.parametrize(
    ("environ", "is_refused"),
    [
        ({}, False),
        ({"PASSENGER_SERVER_HOST": "0.0.0.0"}, True),
        ({"PASSENGER_SERVER_HOST": "0.0.0.0", "PASSENGER_API_KEYS": "a-key-of-twenty-letters"}, False),
        ({"PASSENGER_SERVER_HOST": "localhost"}, False),
    ],
)
def test_to_be_reached_by_others_needs_a_key(tmp_path: Path, environ: dict[str, str], *, is_refused: bool) -> None:
    problem = open_to_all(loaded(tmp_path, **environ))
    assert (problem is not None) is is_refused
    assert problem is None or "PASSENGER_SERVER_HOST" in str(problem)


@pytest.mark.parametrize(("port", "is_refused"), [("0", False), ("8081", True), ("11434", False)])
def test_ollamas_port_is_another_one(tmp_path: Path, port: str, *, is_refused: bool) -> None:
    problem = same_ports(loaded(tmp_path, PASSENGER_SERVER_OLLAMA_PORT=port))
    assert (problem is not None) is is_refused


@pytest.mark.proves("F14")
async def test_a_state_directory_that_cannot_be_written_is_told_before_it_serves(
    simulator: Simulator, home: Path
) -> None:
    (home / "state").write_text("in the way")
    async with running(simulator, home, env={"XDG_STATE_HOME": str(home / "state")}) as proxy:
        (line,) = [line for line in proxy.lines if "cannot be written" in line]
        assert proxy.lines.index(line) == 0
        assert "WARN" in line
        assert "will not know it as yours" in line


def test_where_the_secret_is_there_already_our_commands_know_it(tmp_path: Path) -> None:
    assert unwritable(tmp_path) is None
    read_or_make_secret(tmp_path)
    (tmp_path / "learned.json").mkdir()
    assert "is forgotten when it ends" in (told := unwritable(tmp_path) or "")
    assert "yours" not in told
