"""The logins that people make with their links: GitHub's device flow for each, and what becomes of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from passenger.account.device_flow import DeviceFlow, Granted
from passenger.account.device_login import PostForm, carry_out, check_shown_url
from passenger.errors import Failure, Kind
from passenger.team.audit import Author
from passenger.team.invites import (
    PATIENCE,
    Invite,
    begin_login,
    fail_login,
    find_invite,
    finish_login,
    show_code,
    use_invite,
)
from passenger.team.keys import NewKey
from passenger.team.team_file import change_existing, look_up

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

T = TypeVar("T")

VerifyLogin = Callable[[Invite, Granted], Awaitable[str]]
"""Gives the login at GitHub that was granted; a Failure if that must not be this person's seat. Nothing is stored."""

KeepLogin = Callable[[Invite, Granted], None]
"""Stores what was granted as this person's."""


class Joining:
    """Runs the logins of one process; how far they are is in the team's file. `clock` gives Unix seconds."""

    def __init__(
        self,
        path: Path,
        flow: Callable[[], DeviceFlow],
        send: PostForm,
        *,
        verify: VerifyLogin,
        keep: KeepLogin,
        clock: Callable[[], float],
    ) -> None:
        self._path = path
        self._flow = flow
        self._send = send
        self._verify = verify
        self._keep = keep
        self._clock = clock
        self._logins: dict[bytes, asyncio.Task[None]] = {}

    async def find(self, secret: str) -> Invite:
        """The link with that secret.

        Raises:
            Failure: there is none.
        """
        try:
            return await asyncio.to_thread(
                look_up, self._path, lambda database: find_invite(database, secret, self._clock())
            )
        except Failure as failure:
            raise _without_a_team(failure) from None

    async def begin(self, secret: str) -> Invite:
        """Begin a login with a link, unless one is under way, and wait until there is a code to show.

        Raises:
            Failure: there is no such link, or too many logins are under way.
        """
        await self.find(secret)
        invite, is_new = await self._change(lambda database: begin_login(database, secret, self._clock()))
        if is_new:
            shown = asyncio.Event()
            task = self._logins[invite.digest] = asyncio.create_task(self._run(invite, shown), name="join")
            task.add_done_callback(lambda ended: self._forget(invite.digest, ended))
            waiting = asyncio.create_task(shown.wait())
            try:
                await asyncio.wait([waiting, task], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            finally:  # whoever asked may have left
                waiting.cancel()
        return await self.find(secret)

    async def use(self, secret: str) -> NewKey:
        """The first key of a person who has logged in; the link is used up.

        Raises:
            Failure: there is no such link, or nobody has logged in with it.
        """
        invite = await self.find(secret)
        by = Author(f"join:{invite.name}", self._clock())
        return await self._change(lambda database: use_invite(database, by, secret))

    async def aclose(self) -> None:
        """Give up the logins that are under way."""
        tasks = [*self._logins.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _forget(self, digest: bytes, ended: asyncio.Task[None]) -> None:
        if self._logins.get(digest) is ended:
            del self._logins[digest]

    async def _run(self, invite: Invite, shown: asyncio.Event) -> None:
        codes = list[tuple[str, str, float]]()

        def show(code: str, url: str, expires_in: float) -> None:
            codes.append((code, check_shown_url(url), self._clock() + expires_in))

        async def wait(seconds: float, _left: float) -> None:
            if codes:  # just now: `show` cannot wait for the disk
                code, url, ends = codes.pop()
                if not await self._change(lambda database: show_code(database, invite, code, url, ends)):
                    raise Failure(Kind.NOT_FOUND, "this link was replaced by another meanwhile", code="no_invite")
                shown.set()
            await asyncio.sleep(seconds)

        try:
            granted = await carry_out(self._flow(), self._send, show, wait)
            await self._finish(invite, granted)
        except Failure as failure:
            log.info("%s has not joined: %s", invite.name, failure)
            await self._fail(invite, failure.message)
        except Exception:
            log.exception("a login with a link has failed")
            await self._fail(invite, "Passenger failed; its log says more")
        except asyncio.CancelledError:
            await self._fail(invite, "the server was stopped meanwhile")
            raise

    async def _finish(self, invite: Invite, granted: Granted) -> None:
        login = await self._verify(invite, granted)
        by = Author(f"join:{invite.name}", self._clock())

        def finish(database: "sqlite3.Connection") -> None:
            finish_login(database, by, invite, login)
            self._keep(invite, granted)  # what cannot be stored undoes all of it

        await self._change(finish)
        log.info("%s has joined, as %s at GitHub", invite.name, login)

    async def _fail(self, invite: Invite, error: str) -> None:
        try:
            await self._change(lambda database: fail_login(database, invite, error))
        except Failure as failure:
            log.warning("that a login has failed cannot be noted: %s", failure)

    async def _change(self, job: "Callable[[sqlite3.Connection], T]") -> T:
        return await asyncio.to_thread(change_existing, self._path, job)


def _without_a_team(failure: Failure) -> Failure:
    """Where there is no team there is no link; a stranger is not told which."""
    if failure.code == "no_team":
        return Failure(Kind.NOT_FOUND, "this link is not good any more", code="no_invite")
    return failure
