"""The seat of the account as GitHub describes it: whose it is, on which plan, and what is left.

Nobody waits long for it and nothing fails by it: what GitHub does not tell is None.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from passenger.account.protocol import CopilotUser
from passenger.account.token import Login
from passenger.errors import Failure
from passenger.secret import Secret

log = logging.getLogger(__name__)

LIFETIME = 300.0
"""Seconds that an answer is cached."""

RETRY = 60.0
"""Seconds after which GitHub is asked again if it has not answered."""

PATIENCE = 3.0
"""Seconds that a caller waits for an answer; a later one is kept for the next caller."""


def _tell_nobody(_user: CopilotUser) -> None:
    pass


class CopilotUserCache:
    """Caches GitHub's answer about the seat; concurrent callers share one request. `tell` is told each answer."""

    def __init__(
        self,
        login: Callable[[], Login | None],
        ask: Callable[[Secret], Awaitable[CopilotUser]],
        *,
        clock: Callable[[], float],
        tell: Callable[[CopilotUser], None] = _tell_nobody,
    ) -> None:
        self._login = login
        self._ask = ask
        self._clock = clock
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")
        self._asked_for: str | None = None
        self._found: CopilotUser | None = None
        self._has_answered = False

    async def get(self, patience: float = PATIENCE) -> CopilotUser | None:
        """The seat, None if nobody is logged in or GitHub does not answer in time."""
        login = self._current_login()
        if login is None:
            return None
        if self._is_old(login):
            await self._wait_for_answer(login, patience)
        return self._found if self._asked_for == login.token.fingerprint() else None

    def ask_soon(self) -> None:
        """Have GitHub asked, without a wait, if its last answer is old."""
        login = self._current_login()
        if login is not None and self._is_old(login):
            self._begin(login)

    async def aclose(self) -> None:
        """End a request that is under way."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])

    def _current_login(self) -> Login | None:
        """The login in use, None if there is none or it cannot be read."""
        with suppress(Failure):
            return self._login()
        return None

    def _is_old(self, login: Login) -> bool:
        lifetime = LIFETIME if self._has_answered else RETRY
        return self._asked_for != login.token.fingerprint() or self._clock() - self._asked_at >= lifetime

    async def _wait_for_answer(self, login: Login, patience: float) -> None:
        """Wait for the running request, started if there is none. It outlives its first caller."""
        await asyncio.wait([self._begin(login)], timeout=patience)

    def _begin(self, login: Login) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.create_task(self._refresh(login), name="ask-for-the-seat")
        return self._task

    async def _refresh(self, login: Login) -> None:
        asked_for = login.token.fingerprint()
        known = self._found if self._asked_for == asked_for else None
        self._has_answered = False
        try:
            self._found = await self._ask(login.token)
            self._has_answered = True
            self._tell(self._found)
        except Failure as failure:
            self._found = known
            log.debug("GitHub does not tell of the seat: %s", failure)
        except Exception:
            self._found = known
            log.exception("the seat cannot be asked for")
        finally:
            self._asked_for, self._asked_at, self._task = asked_for, self._clock(), None


_NAMES: Mapping[str, str] = {
    "free": "Free",
    "individual": "Pro",
    "individual_pro": "Pro+",
    "individual_max": "Max",
    "business": "Business",
    "enterprise": "Enterprise",
}


def plan_name(plan: str | None) -> str:
    """The product name of a plan: `individual_pro` is `Copilot Pro+`; empty if there is none."""
    name = _NAMES.get(plan or "", (plan or "").replace("_", " ").strip())
    return f"Copilot {name}" if name else ""
