"""Where a client is installed."""

import json
from pathlib import Path

import pytest

from passenger.clients.claude import CLAUDE
from passenger.clients.find import find_program, package_version, run_and_read
from passenger.clients.plan import Installed


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_path_comes_first_then_where_its_installer_puts_it(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path / "bin")}
    assert find_program(CLAUDE, environ, tmp_path) is None
    elsewhere = program(tmp_path / ".claude/local/claude")
    found = find_program(CLAUDE, environ, tmp_path)
    assert found is not None
    assert found.path == elsewhere
    first = program(tmp_path / "bin/claude")
    found = find_program(CLAUDE, environ, tmp_path)
    assert found is not None
    assert found.path == first


def test_a_file_that_cannot_be_run_is_none(tmp_path: Path) -> None:
    program(tmp_path / ".local/bin/claude").chmod(0o644)
    (tmp_path / ".claude/local/claude").mkdir(parents=True)
    assert find_program(CLAUDE, {"PATH": ""}, tmp_path) is None


def test_the_version_is_that_of_its_package(tmp_path: Path) -> None:
    real = program(tmp_path / "node_modules/claude/bin/cli.js")
    link = tmp_path / "bin" / "claude"
    link.parent.mkdir()
    link.symlink_to(real)
    assert package_version(link) == ""
    (tmp_path / "node_modules/claude/package.json").write_text(json.dumps({"version": "2.1.330"}))
    assert package_version(link) == "2.1.330"
    (tmp_path / "node_modules/claude/bin/package.json").write_text("[")
    assert package_version(link) == "2.1.330"


def test_a_program_tells_what_it_prints(tmp_path: Path) -> None:
    path = program(tmp_path / "claude")
    path.write_text('#!/bin/sh\necho "$@"\n[ "$1" != fails ]\n')
    assert run_and_read(Installed(path, ""), ["debug", "models"]) == "debug models\n"
    for installed, arguments in ((None, []), (Installed(path, ""), ["fails"]), (Installed(tmp_path / "gone", ""), [])):
        with pytest.raises(OSError, match=r"installed|fails|No such"):
            run_and_read(installed, arguments)
