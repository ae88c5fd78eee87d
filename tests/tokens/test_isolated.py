"""How a Python of our own is started."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

import passenger
from passenger.tokens import isolated


def test_it_is_isolated_and_elsewhere() -> None:
    assert isolated.command("passenger.x")[:2] == [sys.executable, "-I"]
    assert isolated.ELSEWHERE.is_dir()
    assert Path.cwd() != isolated.ELSEWHERE


def test_it_finds_what_the_server_was_made_of() -> None:
    homes = isolated.command("passenger.x")[4:]
    for package in (passenger, msgspec):
        assert str(Path(str(package.__file__)).parent.parent) in homes


def test_only_the_interpreters_own_variables_are_left_out() -> None:
    given = {"PYTHONPATH": "x", "PYTHONHOME": "x", "PythonStartup": "x", "PATH": "y", "TESTS_REACHED": "z"}
    assert isolated.environment(given) == {"PATH": "y", "TESTS_REACHED": "z"}


def test_it_runs_a_package_that_only_the_server_knows_of(tmp_path: Path) -> None:
    """As where it was installed with `--target`: a copy that no interpreter finds by itself."""
    source = Path(str(passenger.__file__)).parent
    (tmp_path / "passenger").symlink_to(source)
    show = "from passenger.tokens import isolated; print('\\n'.join(isolated.command('passenger.tokens.worker')))"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    shown = subprocess.run([sys.executable, "-c", show], env=env, capture_output=True, text=True, check=True)
    command = shown.stdout.splitlines()
    assert str(tmp_path) in command
    done = subprocess.run(command, cwd=isolated.ELSEWHERE, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0
