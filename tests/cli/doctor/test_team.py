"""What the doctor says of a team."""

import time
from pathlib import Path
from shlex import quote

import pytest

from passenger.team.audit import Author, local_author
from passenger.team.keys import KeyGrant, create_key
from passenger.team.seats import bind_seat
from passenger.team.team_file import change
from passenger.team.users import add_user
from tests.cli.doctor.bench import Ward


@pytest.fixture
async def path(ward: Ward) -> Path:
    async with ward.facts() as facts:
        return facts.team


def by() -> Author:
    return local_author("ann")


async def test_without_a_team_there_is_nothing_to_look_at(ward: Ward) -> None:
    assert (await ward.look("team"))["team"].state == "skip"


async def test_a_team_that_is_enabled_and_has_nobody(ward: Ward) -> None:
    ward.config += "[team]\nenabled = true\n"
    found = (await ward.look("team"))["team"]
    assert (found.state, found.fix) == ("fail", "passenger users add NAME --github LOGIN")


async def test_who_has_no_seat_and_which_keys_expire(ward: Ward, path: Path) -> None:
    ann = change(path, lambda database: add_user(database, by(), "ann", "ann-gh"))
    found = (await ward.look("team")).all("team")
    assert [one.state for one in found] == ["ok", "warn"]
    assert (found[1].text, found[1].fix) == ("ann has no seat yet", "passenger users invite ann")
    change(path, lambda database: bind_seat(database, by(), ann.id, "ann-gh"))
    soon = KeyGrant(expires=int(time.time()) + 3 * 86_400 + 600)
    change(path, lambda database: create_key(database, by(), ann, soon))
    found = (await ward.look("team")).all("team")
    assert found[0].text == f"people: 1, keys: 1, in {path}"
    assert "expires in 3 days" in found[1].text


async def test_a_damaged_file_is_named(ward: Ward, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"damaged" * 100)
    found = (await ward.look("team"))["team"]
    assert found.state == "fail"
    assert found.fix == f"mv {quote(str(path))} {quote(f'{path}.old')}"
