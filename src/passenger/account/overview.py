"""Whose seat it is, on which plan and with what left, as GitHub told lately.

Nobody waits long for it and nothing fails by it: what GitHub does not tell is None.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from passenger.accounts import Login
from passenger.copilot.protocol import CopilotUser
from passenger.errors import Failure
from passenger.secret import Secret

log = logging.getLogger(__name__)

LIFETIME = 60.0
"""Seconds for which an answer is believed, and after which GitHub is asked again where it gave none."""

PATIENCE = 3.0
"""Seconds that anybody waits for an answer; a later one is there for whoever asks next."""


class Overview:
    """What GitHub says of the seat of whoever is logged in; asked once for all who want to know."""

    def __init__(
        self,
        login: Callable[[], Login | None],
        ask: Callable[[Secret], Awaitable[CopilotUser]],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._login = login
        self._ask = ask
        self._clock = clock
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")
        self._asked_for: str | None = None
        self._found: CopilotUser | None = None

    async def seat(self, patience: float = PATIENCE) -> CopilotUser | None:
        """The seat, None where nobody is logged in or GitHub does not tell in time."""
        login = self._current()
        if login is None:
            return None
        if self._is_old(login):
            await self._asked(login, patience)
        return self._found if self._asked_for == login.token.fingerprint() else None

    def _current(self) -> Login | None:
        """The login in use, None where there is none that can be read."""
        with suppress(Failure):
            return self._login()
        return None

    def _is_old(self, login: Login) -> bool:
        return self._asked_for != login.token.fingerprint() or self._clock() - self._asked_at >= LIFETIME

    async def _asked(self, login: Login, patience: float) -> None:
        """Wait for the question under way, begun where there is none. It outlives whoever began it."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._refresh(login), name="ask-for-the-seat")
        await asyncio.wait([self._asking], timeout=patience)

    async def _refresh(self, login: Login) -> None:
        asked_for = login.token.fingerprint()
        known = self._found if self._asked_for == asked_for else None
        try:
            self._found = await self._ask(login.token)
        except Failure as failure:
            self._found = known
            log.debug("GitHub does not tell of the seat: %s", failure)
        except Exception:
            self._found = known
            log.exception("the seat cannot be asked for")
        finally:
            self._asked_for, self._asked_at, self._asking = asked_for, self._clock(), None
