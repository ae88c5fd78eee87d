"""The logins of people who join, with GitHub played by hand."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from passenger.account.device_flow import DeviceFlow, Granted, ShowCode, Wait
from passenger.errors import Failure, Kind
from passenger.secret import Secret
from passenger.team.audit import Author
from passenger.team.invites import Invite, find_invite, invite_user
from passenger.team.joining import Joining
from passenger.team.keys import list_keys
from passenger.team.team_file import change
from passenger.team.users import add_user, find_user
from tests.team.conftest import NOW

GRANTED = Granted(Secret("ghu_made-up"), "bearer", "")


@dataclass
class GitHub:
    """Gives a code, then a login once `entered` says so; `login` is whose it is."""

    login: str = "ann-gh"
    url: str = "https://github.test/device"
    ends: Exception | None = None
    entered: bool = False
    kept: list[str] = field(default_factory=list)
    keeps: Callable[[], None] = lambda: None
    begun: int = 0

    def flow(self) -> DeviceFlow:
        self.begun += 1
        yield ShowCode(f"CODE-{self.begun}", self.url, 900)
        while not self.entered:
            yield Wait(0.001, 900)
        if self.ends is not None:
            raise self.ends
        return GRANTED

    async def send(self, url: str, form: Mapping[str, str]) -> bytes:
        raise NotImplementedError

    async def verify(self, _invite: Invite, granted: Granted) -> str:
        assert granted is GRANTED
        return self.login

    def keep(self, invite: Invite, _granted: Granted) -> None:
        self.keeps()
        self.kept.append(invite.user)


@dataclass
class Hall:
    """Ann's link, and what makes her login."""

    path: Path
    by: Author
    github: GitHub
    joining: Joining
    secret: str = ""

    def invite(self) -> str:
        return change(self.path, lambda database: invite_user(database, self.by, "ann")).reveal()

    def look(self, job: Callable[[sqlite3.Connection], Any]) -> Any:
        return change(self.path, job)

    async def until(self, phase: str) -> Invite:
        async with asyncio.timeout(20):
            while (invite := await self.joining.find(self.secret)).phase != phase:
                await asyncio.sleep(0.001)
        return invite


@asynccontextmanager
async def hall_of(path: Path, by: Author, github: GitHub) -> AsyncIterator[Hall]:
    joining = Joining(path, github.flow, github.send, verify=github.verify, keep=github.keep, clock=lambda: NOW)
    change(path, lambda database: add_user(database, by, "ann", "ann-gh"))
    hall = Hall(path, by, github, joining)
    hall.secret = hall.invite()
    yield hall
    await joining.aclose()


@pytest.fixture
async def hall(path: Path, by: Author) -> AsyncIterator[Hall]:
    async with hall_of(path, by, GitHub()) as found:
        yield found


async def test_a_login_shows_its_code_and_ends_with_a_seat_and_a_key(hall: Hall) -> None:
    shown = await hall.joining.begin(hall.secret)
    assert (shown.phase, shown.code, shown.url, shown.ends) == ("waiting", "CODE-1", hall.github.url, NOW + 900)
    assert hall.github.kept == []
    hall.github.entered = True
    done = await hall.until("done")
    assert hall.github.kept == [done.user] == [hall.look(lambda database: find_user(database, "ann").seat)]
    made = await hall.joining.use(hall.secret)
    assert hall.look(list_keys) == [made.key]
    with pytest.raises(Failure) as gone:
        await hall.joining.find(hall.secret)
    assert gone.value.code == "no_invite"


async def test_who_asks_twice_is_shown_the_same_code(hall: Hall) -> None:
    shown = await asyncio.gather(*(hall.joining.begin(hall.secret) for _ in range(4)))
    assert hall.github.begun == 1
    assert (await hall.joining.find(hall.secret)).code == "CODE-1"
    assert {one.attempt for one in shown} == {shown[0].attempt}


async def test_a_login_that_github_ends_is_told_and_may_be_begun_again(hall: Hall) -> None:
    hall.github.ends = Failure(Kind.LOGIN, "the login was cancelled on GitHub's page")
    await hall.joining.begin(hall.secret)
    hall.github.entered = True
    assert (await hall.until("failed")).error == "the login was cancelled on GitHub's page"
    hall.github.ends, hall.github.entered = None, False
    assert (await hall.joining.begin(hall.secret)).code == "CODE-2"


async def test_what_is_no_address_is_shown_to_nobody(path: Path, by: Author) -> None:
    async with hall_of(path, by, GitHub(url="javascript:alert(1)")) as hall:
        ended = await hall.joining.begin(hall.secret)
        assert (ended.phase, ended.url) == ("failed", "")


async def test_a_login_that_cannot_be_stored_gives_no_seat(hall: Hall) -> None:
    def fail() -> None:
        raise Failure(Kind.INTERNAL, "the disk is full", code="not_saved")

    hall.github.keeps, hall.github.entered = fail, True
    await hall.joining.begin(hall.secret)
    assert (await hall.until("failed")).error == "the disk is full"
    assert hall.look(lambda database: find_user(database, "ann").seat) == ""


async def test_a_login_whose_link_was_replaced_ends_and_stores_nothing(hall: Hall) -> None:
    await hall.joining.begin(hall.secret)
    fresh = hall.invite()
    hall.github.entered = True
    await hall.joining.aclose()
    assert hall.github.kept == []
    assert hall.look(lambda database: find_invite(database, fresh, NOW).phase) == "new"


async def test_a_mistake_of_ours_is_told_without_its_words(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    hall.github.ends, hall.github.entered = ValueError("inner words"), True
    await hall.joining.begin(hall.secret)
    assert (await hall.until("failed")).error == "Passenger failed; its log says more"
    assert "inner words" in caplog.text


async def test_where_there_is_no_team_there_is_no_link(tmp_path: Path) -> None:
    github = GitHub()
    joining = Joining(
        tmp_path / "none.sqlite", github.flow, github.send, verify=github.verify, keep=github.keep, clock=lambda: NOW
    )
    for step in (joining.find, joining.begin, joining.use):
        with pytest.raises(Failure) as refused:
            await step("psgi_" + "a" * 43)
        assert (refused.value.status, refused.value.code) == (404, "no_invite")
    assert not (tmp_path / "none.sqlite").exists()
