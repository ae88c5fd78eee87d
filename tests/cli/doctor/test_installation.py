"""Which `passenger` the shell would start."""

import os
import time
from pathlib import Path

import pytest

from passenger import __version__
from passenger.cli.doctor.facts import own_command, version_of
from passenger.cli.doctor.findings import Finding
from passenger.cli.doctor.installation import SETTING, setting
from tests.cli.doctor.bench import Ward, type_it


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


async def test_the_files_that_were_read_are_named(ward: Ward) -> None:
    found = (await ward.look("config"))["config"]
    assert found == Finding("config", "ok", f"read from {ward.home / 'settings.toml'}")


async def test_what_is_odd_about_them_is_a_warning_each(ward: Ward) -> None:
    ward.environ |= {"PASSENGER_NOPE": "x", "PASSENGER_API_KEYS": "short-key"}
    found = (await ward.look("config")).all("config")
    assert {(one.state, one.fix) for one in found} == {("warn", "passenger config show")}
    assert len(found) == 2


async def saved(ward: Ward, mode: int = 0o600, text: str = '{"access_token": "x"}') -> Path:
    async with ward.facts() as facts:
        path = facts.token_files[0]
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


async def test_private_files_are_well(ward: Ward) -> None:
    await saved(ward)
    assert (await ward.look("files"))["files"].state == "ok"


@pytest.mark.proves("T1")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
async def test_a_file_that_others_may_touch_fails_and_is_left_for_the_user_to_mend(ward: Ward, mode: int) -> None:
    path = await saved(ward, mode)
    found = (await ward.look("files", "login"))["files"]
    assert (found.state, path.stat().st_mode & 0o777) == ("fail", mode)
    type_it(found)
    assert (await ward.look("files"))["files"].state == "ok"


async def test_a_directory_that_others_may_write_into_fails(ward: Ward) -> None:
    path = await saved(ward)
    path.parent.chmod(0o777)
    found = (await ward.look("files"))["files"]
    assert found.state == "fail"
    type_it(found)
    assert (await ward.look("files"))["files"].state == "ok"


@pytest.mark.proves("doctor")
@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
async def test_a_file_that_holds_something_else_is_to_be_made_anew_and_stays_where_it_is(ward: Ward, text: str) -> None:
    path = await saved(ward, text=text)
    found = (await ward.look("files", "login"))["files"]
    assert (found.state, found.fix) == ("fail", "passenger login")
    assert path.read_text() == text


async def test_a_link_that_leads_nowhere_is_told(ward: Ward) -> None:
    path = await saved(ward)
    path.unlink()
    path.symlink_to(path.with_name("gone"))
    found = (await ward.look("files"))["files"]
    assert found.state == "fail"
    type_it(found)
    assert (await ward.look("files"))["files"].state == "ok"


async def test_a_place_that_cannot_be_written_is_told(ward: Ward) -> None:
    (ward.home / ".local").write_text("a file in the way")
    found = (await ward.look("files")).all("files")
    assert any(one.state == "fail" and "hello.json cannot be written" in one.text for one in found)


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (0, "ok", "within"),
        (600, "warn", "10 minutes behind"),
        (-7200, "warn", "2 hours ahead of"),
        (3 * 86400, "fail", "3 days behind"),
    ],
)
async def test_a_clock_that_is_off_is_told_by_how_much(ward: Ward, ahead: float, state: str, words: str) -> None:
    ward.simulator.account.clock = lambda: time.time() + ahead
    clock = (await ward.look("clock"))["clock"]
    assert clock.state == state
    assert words in clock.text
    assert (clock.fix in SETTING.values()) is (state != "ok")


def test_each_system_has_a_command_of_its_own() -> None:
    assert len(set(SETTING.values())) == 3
    assert setting("Plan 9") == setting("Linux")
