"""What keeps settings from being served with."""

from pathlib import Path

import pytest

from passenger.config.loading import Loaded, load
from passenger.server.process.sockets import no_workers, open_to_all, same_ports


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
