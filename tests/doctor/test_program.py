"""Which `passenger` the shell would start."""

import os
from pathlib import Path

import pytest

from passenger import __version__
from passenger.cli.doctor import own_command, version_of
from tests.doctor.bench import Ward


def put(directory: Path, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / "passenger"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


async def test_a_link_to_this_one_is_this_one(ward: Ward) -> None:
    (ward.home / "bin").mkdir()
    link = ward.home / "bin" / "passenger"
    link.symlink_to(own_command())
    ward.environ["PATH"] = f"/nowhere{os.pathsep}{link.parent}"
    found = (await ward.look("program"))["program"]
    assert (found.state, found.text) == ("ok", f"{__version__}, {link} is the first on PATH")


async def test_where_there_is_none_the_place_of_this_one_is_to_be_put_on_path(ward: Ward) -> None:
    found = (await ward.look("program"))["program"]
    assert found.state == "warn"
    assert found.fix == f"export PATH={own_command().parent}:$PATH"


@pytest.mark.parametrize(
    ("script", "state", "words"),
    [
        (f'echo "passenger {__version__}"', "ok", __version__),
        ('echo "passenger 0.0.9"', "warn", "(0.0.9)"),
        ("exit 3", "warn", "it does not run"),
    ],
)
async def test_another_that_comes_first_is_told_with_its_version(
    ward: Ward, script: str, state: str, words: str
) -> None:
    other = put(ward.home / "bin", script)
    ward.environ["PATH"] = str(other.parent)
    found = (await ward.look("program"))["program"]
    assert found.state == state
    assert str(other) in found.text
    assert words in found.text


@pytest.mark.proves("T7")
async def test_a_command_in_the_working_directory_is_never_run(ward: Ward) -> None:
    put(ward.home, "touch ran")
    ward.environ["PATH"] = f".{os.pathsep}"
    assert (await ward.look("program"))["program"].state == "warn"
    assert not (ward.home / "ran").exists()


def test_what_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "none", {}) == ""
