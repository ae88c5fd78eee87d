"""Stand-ins for what the house takes as an argument: a clock that is set by hand, and a token store in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from passenger.account.protocol import Grant
from passenger.account.token import Login, LoginSource, Token
from passenger.secret import Secret

NOON = 1_790_000_000.0


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def login(text: str = "ghu_fake-login") -> Login:
    return Login(Secret(text), LoginSource.SAVED, "a test")


def grant(text: str, *, expires_in: float = 1800, refresh_in: float | None = 1500, api: str | None = None) -> Grant:
    return Grant(Secret(text), NOON + expires_in, refresh_in, api, None, None)


class MemoryVault:
    """A token store whose file is a variable."""

    def __init__(self, token: Token | None = None) -> None:
        self.the_login: Login | None = login()
        self.token = token
        self.granted: Grant | None = None
        self.touched = False
        self.busy = asyncio.Lock()

    def login(self) -> Login | None:
        return self.the_login

    def load(self) -> Token | None:
        return self.token

    def save(self, grant: Grant, token: Token) -> None:
        self.granted, self.token = grant, token

    def changed(self) -> bool:
        touched, self.touched = self.touched, False
        return touched

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        async with self.busy:
            yield
