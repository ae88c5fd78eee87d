"""The files that hold secrets."""

from pathlib import Path

import pytest

from tests.doctor.bench import Ward, type_it


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
