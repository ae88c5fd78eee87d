"""Everything around a session, moved by hand: time, the clock, GitHub, the files, other processes."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from passenger.account.protocol import Grant
from passenger.account.session import Session
from passenger.account.token import Access, Login, Token
from passenger.errors import Failure
from passenger.secret import Secret
from tests.fakes import NOON, login


class Files:
    """The two token files; what another process has written is seen at the next look."""

    def __init__(self) -> None:
        self.the_login: Login | None = login()
        self.token: Token | None = None
        self.new_login = self.new_token = False
        self.busy = asyncio.Lock()

    def login(self) -> Login | None:
        return self.the_login

    def load(self) -> Token | None:
        mine = self.the_login is None or self.token is None or self.token.login == self.the_login.token.fingerprint()
        return self.token if mine else None

    def save(self, grant: Grant, token: Token) -> None:
        self.token, self.new_token = token, False

    def changed(self) -> bool:
        seen, self.new_login, self.new_token = self.new_login or self.new_token, False, False
        return seen

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        async with self.busy:
            yield


@dataclass
class Asked:
    """An exchange under way: the token that it is to replace, and GitHub's answer to come."""

    instead_of: Token | None
    answer: asyncio.Future[Grant]


class World:
    """One process with its session. What must hold whenever something is handed out or begun is asserted here."""

    def __init__(self) -> None:
        self.real, self.skew = NOON, 0.0
        self.files = Files()
        self.asked: Asked | None = None
        self.count = 0
        self.prompt = False
        self.forced = False
        self.refused: set[Secret] = set()
        self.replaced: list[Secret] = []
        self.handed: list[Access] = []
        self.waiting: list[asyncio.Task[Access]] = []
        self.session = Session(self.files, self.exchange, clock=self.clock, base_url=lambda _: "", headers={})

    def clock(self) -> float:
        return self.real + self.skew

    def token(self, life: float) -> Token:
        """What another process has exchanged for the login in use."""
        self.count += 1
        now, owner = self.clock(), self.files.the_login or login()
        return Token(Secret(f"token-{self.count}"), now + life, now + life - 300, None, owner.token.fingerprint())

    def grant(self, life: float, refresh_in: float | None) -> Grant:
        self.count += 1
        return Grant(Secret(f"token-{self.count}"), self.real + life, refresh_in, None, None, server_time=self.real)

    async def exchange(self, _login: Secret) -> Grant:
        """GitHub's part: never asked twice at once, nor instead of a token that is still good for a while."""
        assert self.asked is None
        held = self.files.load()
        if held is not None and held.needs_no_refresh(self.clock()) and not self.forced:
            assert held.bearer in self.refused
            assert held.bearer not in self.replaced
        if self.prompt:
            return self.grant(1800, 1500)
        self.asked = Asked(held, asyncio.get_running_loop().create_future())
        try:
            return await self.asked.answer
        finally:
            self.asked = None

    def answer(self, life: float, refresh_in: float | None) -> None:
        """The exchange under way succeeds."""
        assert self.asked is not None
        if self.asked.instead_of is not None:
            self.replaced.append(self.asked.instead_of.bearer)
        self.asked.answer.set_result(self.grant(life, refresh_in))

    def fail(self, failure: Failure) -> None:
        assert self.asked is not None
        self.asked.answer.set_exception(failure)

    def wait_for(self, *askers: Coroutine[Any, Any, Access]) -> None:
        self.waiting += map(asyncio.ensure_future, askers)

    async def settle(self) -> None:
        """Let everything happen that can, and look at what everybody got."""
        for _ in range(12):
            await asyncio.sleep(0)
        done = [task for task in self.waiting if task.done()]
        self.waiting = [task for task in self.waiting if not task.done()]
        self.handed += [access for task in done if (access := self._got(task)) is not None]
        assert self.asked or self.files.busy.locked() or not self.waiting, "somebody waits for nothing"

    def _got(self, task: asyncio.Task[Access]) -> Access | None:
        if task.cancelled():
            return None
        error = task.exception()
        if error is not None:
            assert isinstance(error, Failure), error
            return None
        access = task.result()
        assert access.expires_at is not None
        assert access.expires_at > self.clock(), "it has expired"
        return access

    async def close(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
