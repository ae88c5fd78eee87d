"""The one place where a Copilot token is renewed; hides when, by whom, and for how many at once.

A token is fresh until its refresh time, then safe until a minute before its end. Fresh: use it. Safe: use it, and
renew it beside the request. Otherwise: wait for the renewal, once for all who wait.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from passenger.accounts import Access, Login, Token, token_from_grant
from passenger.copilot.protocol import LOG_IN, Grant, why_not_exchangeable
from passenger.errors import Failure, Kind
from passenger.secret import Secret

log = logging.getLogger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds to wait after the first, second, ... failed renewal in a row, where trying again may help."""

REFUSED_PAUSE = 30.0
"""Seconds to wait after GitHub has refused, where only a person can help."""

LONGEST_PAUSE = 3600.0
"""Seconds after which it is tried again, however long GitHub says to wait: its limits are by the hour."""

_FAILED = "Passenger failed to renew the Copilot token; its log says more"


class Vault(Protocol):
    """Where a session keeps what must survive a restart."""

    def login(self) -> Login | None:
        """The GitHub login to use, None where there is none."""
        ...

    def load(self) -> Token | None:
        """The Copilot token as it is kept, None where there is none."""
        ...

    def save(self, grant: Grant, token: Token) -> None:
        """Keep a new token."""
        ...

    def changed(self) -> bool:
        """Whether somebody else has written a login or a token since the last look."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Be the only process that renews the token."""
        ...


Exchange = Callable[[Secret], Awaitable[Grant]]
"""Asks GitHub for a Copilot token; a Failure where it gives none."""


@dataclass(frozen=True)
class _Trouble:
    """The last renewal's failure, from when until when nobody needs to try again, and how many failed in a row.

    The failure is never raised itself: an exception collects the frames of all who raise it, with all that they hold.
    """

    failure: Failure
    since: float
    until: float
    times: int


@dataclass(frozen=True)
class _Rejected:
    """A new token that Copilot refused, and from when until when it is not exchanged for another."""

    bearer: Secret
    since: float
    until: float


class Session:
    """One account's access to Copilot: every request asks it, and only it renews tokens.

    `base_url` decides where a token may be used, given the host that the token itself names; `log_in` says what to do
    where there is no login.
    """

    def __init__(
        self,
        vault: Vault,
        exchange: Exchange,
        *,
        clock: Callable[[], float],
        base_url: Callable[[str | None], str],
        headers: Mapping[str, str],
        log_in: str = LOG_IN,
    ) -> None:
        self._vault = vault
        self._exchange = exchange
        self._clock = clock
        self._base_url = base_url
        self._headers = headers
        self.log_in = log_in
        self._token: Token | None = None
        self._loaded = False
        self._renewal: asyncio.Task[Token | Failure] | None = None
        self._trouble: _Trouble | None = None
        self._rejected: _Rejected | None = None
        self._rejections = 0
        self._accepted: Secret | None = None
        self._given: tuple[Token, Access] | None = None

    def at_hand(self) -> Access | None:
        """What the next call needs, None where that is to be waited for; begins to renew the token where it is time."""
        token, now = self._current(), self._clock()
        if token is None or not token.safe(now):
            return None
        if not token.fresh(now) and self._may_try():
            self._renewing(None)
        return self._access(token)

    async def access(self) -> Access:
        """What the next call needs; renews the token where it is time.

        Raises:
            Failure: there is no login, or no token can be had and none is left.
        """
        if (access := self.at_hand()) is not None:
            return access
        token = self._token
        try:
            return self._access(await self._renew(None))
        except Failure:
            if token is not None and token.good(self._clock()):
                return self._access(token)
            raise

    async def renew(self, refused: Access) -> Access:
        """Access with another token than the one that Copilot has just refused.

        Raises:
            Failure: there is none, or this very token was itself the answer to a refusal.
        """
        token = self._current()
        if token is not None and token.bearer != refused.bearer:
            return await self.access()
        if self._is_rejected(refused.bearer):
            raise Failure(
                Kind.LOGIN, f"Copilot refuses even new tokens of this login: {self.log_in}", code="login_needed"
            )
        return self._access(await self._renew(refused.bearer))

    def accept(self, used: Access) -> None:
        """Note that Copilot takes a token."""
        self._accepted = used.bearer
        self._rejections = 0

    def reject(self, refused: Access) -> None:
        """Note that even a new token was refused, so that not every request costs an exchange from now on.

        Only for a while: it may have died while it was on its way, and then the next one is good. One that has served
        was good, so its end says nothing of the next one.
        """
        known = self._accepted, self._rejected.bearer if self._rejected else None
        if refused.bearer not in known:
            wait = BACKOFF[min(self._rejections, len(BACKOFF) - 1)]
            self._rejections += 1
            now = self._clock()
            self._rejected = _Rejected(refused.bearer, now, now + wait)

    async def exchange(self, login: Login | None = None) -> Token:
        """A new token, saved, whatever the old one is still good for, by the login in use or a new one."""
        login = login or self._login()
        async with self._vault.lock():
            self._token = await self._exchanged(login)
            self._loaded = True
        return self._token

    def usable(self) -> bool:
        """Whether there is anything to begin with: a login, or a token that has not expired."""
        token = self._current()
        return self._vault.login() is not None or (token is not None and token.good(self._clock()))

    def account(self, access: Access) -> str:
        """Fingerprint of the login in use, of the token itself where there is none."""
        login = self._vault.login()
        return (login.token if login else access.bearer).fingerprint()

    def left(self, access: Access) -> float | None:
        """Seconds that this access is still good for, None where it does not end."""
        return None if access.expires_at is None else access.expires_at - self._clock()

    def trouble(self) -> Failure | None:
        """Why the last renewal failed, None while all is well."""
        return self._trouble.failure if self._trouble else None

    def _current(self) -> Token | None:
        if self._vault.changed() or not self._loaded:
            self._loaded = True
            self._trouble = self._rejected = None
            self._token = self._vault.load()
        return self._token

    def _access(self, token: Token) -> Access:
        """The same one for the same token."""
        if self._given is None or self._given[0] is not token:
            ends = None if token.lasts else token.expires_at
            self._given = token, Access(token.bearer, self._base(token.api), self._headers, ends)
        return self._given[1]

    def _is_rejected(self, bearer: Secret) -> bool:
        last = self._rejected
        return last is not None and last.bearer == bearer and last.since <= self._clock() < last.until

    def _may_try(self) -> bool:
        """Whether a failure is long enough ago, or the clock has been set back since."""
        return self._trouble is None or not self._trouble.since <= self._clock() < self._trouble.until

    async def _renew(self, refused: Secret | None) -> Token:
        """Wait for the renewal under way; a failure is each waiter's own."""
        found = await asyncio.shield(self._renewing(refused))
        if isinstance(found, Failure):
            raise found.but()
        return found

    def _renewing(self, refused: Secret | None) -> asyncio.Task[Token | Failure]:
        """The renewal under way, begun where there is none. It outlives the request that began it."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renewed(refused), name="renew-token")
        return self._renewal

    async def _renewed(self, refused: Secret | None) -> Token | Failure:
        """A new token, or why there is none: given back and not raised, since any number of requests wait for it."""
        if self._trouble is not None and not self._may_try():
            return self._trouble.failure
        try:
            if self._vault.load() is None:
                self._login()  # where nobody is logged in there is nothing to lock, and nothing is to be made
            async with self._vault.lock():
                self._token = self._adopted(refused) or await self._exchanged()
        except Failure as failure:
            return self._noted(failure)
        except Exception:
            log.exception("the Copilot token cannot be renewed")
            return self._noted(Failure(Kind.INTERNAL, _FAILED, code="internal_error"))
        self._trouble = None
        return self._token

    def _adopted(self, refused: Secret | None) -> Token | None:
        """The token that another process put into the file while we waited for the lock, if it is a better one."""
        found = self._vault.load()
        if found is None or found.bearer == refused or not found.fresh(self._clock()):
            return None
        return found

    def _base(self, api: str | None) -> str:
        try:
            return self._base_url(api)
        except Failure as failure:
            raise self._naming_login(failure) from None

    def _naming_login(self, failure: Failure) -> Failure:
        """The failure with the command that makes the login that is meant."""
        return failure.but(message=failure.message.replace(LOG_IN, self.log_in))

    async def _exchanged(self, login: Login | None = None) -> Token:
        login = login or self._login()
        if reason := why_not_exchangeable(login.token):
            message = f"the GitHub token from {login.where} cannot be used: {reason}; {self.log_in}"
            raise Failure(Kind.LOGIN, message, code="login_needed")
        try:
            grant = await self._exchange(login.token)
        except Failure as failure:
            raise self._naming_login(failure) from None
        token = token_from_grant(grant, login, self._clock())
        self._vault.save(grant, token)
        if token.lasts:
            log.info("Copilot takes the login from %s as it is, without a token", login.where)
        else:
            log.info("new Copilot token, good for %.0f s", token.expires_at - self._clock())
        return token

    def _login(self) -> Login:
        login = self._vault.login()
        if login is None:
            raise Failure(Kind.LOGIN, self._nobody, code="login_needed")
        return login

    @property
    def _nobody(self) -> str:
        return f"nobody is logged in to GitHub here: {self.log_in}"

    def _noted(self, failure: Failure) -> Failure:
        """The failure as everybody hears it until the next try, with the time of that try where waiting may help.

        It is a copy, which no frame hangs on to.
        """
        times = self._trouble.times + 1 if self._trouble else 1
        wait = REFUSED_PAUSE if failure.kind in _PERSONS_JOB else BACKOFF[min(times, len(BACKOFF)) - 1]
        if failure.retry_after and failure.retry_after.isdecimal():
            wait = min(float(failure.retry_after), LONGEST_PAUSE)
        elif failure.kind not in _PERSONS_JOB:
            failure = failure.but(retry_after=str(int(wait)))
        if failure.message == self._nobody:
            wait = 0.0  # nobody was asked, and the login that is made next is to be used at once
        now, kept = self._clock(), failure.but()
        is_new = self._trouble is None or self._trouble.failure.message != kept.message
        self._trouble = _Trouble(kept, now, now + wait, times)
        log.log(logging.WARNING if wait or is_new else logging.DEBUG, "no new Copilot token: %s", kept)
        return kept


_PERSONS_JOB = frozenset({Kind.LOGIN, Kind.FORBIDDEN})
