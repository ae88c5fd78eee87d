"""Keeps one account's Copilot token valid; nothing else renews it.

Until its refresh time a token is used as it is. After that, and until a minute before it expires, it is used while a
renewal runs in the background. Later, requests wait for the renewal; all of them share one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from passenger.account.protocol import EDITOR_INTEGRATION, LOG_IN, Grant, is_of_organisation, why_unusable
from passenger.account.token import Access, Login, Token, token_from_grant
from passenger.errors import Failure, Kind
from passenger.secret import Secret

log = logging.getLogger(__name__)

BACKOFF = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds to wait after the first, second, ... failed renewal in a row, if a retry may help."""

REFUSED_PAUSE = 30.0
"""Seconds to wait after a refusal that only a person can resolve."""

LONGEST_PAUSE = 3600.0
"""Maximum seconds to wait, whatever GitHub's `Retry-After` says: its limits are hourly."""

_FAILED = "Passenger failed to renew the Copilot token; its log says more"


class TokenStore(Protocol):
    """Where a session stores what must survive a restart."""

    def login(self) -> Login | None:
        """The GitHub login to use, None where there is none."""

    def load(self) -> Token | None:
        """The Copilot token as it is kept, None where there is none."""

    def save(self, grant: Grant, token: Token) -> None:
        """Keep a new token."""

    def changed(self) -> bool:
        """Whether another process has written a login or a token since the last check."""

    def lock(self) -> AbstractAsyncContextManager[None]:
        """A lock that only one process holds while it renews the token."""


ExchangeToken = Callable[[Secret], Awaitable[Grant]]
"""Asks GitHub for a Copilot token; a Failure where it gives none."""


@dataclass(frozen=True)
class _Trouble:
    """The last renewal's failure, the period without retries, and how many renewals failed in a row.

    The failure itself is never raised, only copies: an exception keeps the frames of everyone who raises it.
    """

    failure: Failure
    since: float
    until: float
    times: int


@dataclass(frozen=True)
class _Rejected:
    """A new token that Copilot refused, and the period in which it is not exchanged again."""

    bearer: Secret
    since: float
    until: float


class Session:
    """One account's access to Copilot.

    `base_url` maps the API host that a token names to the one to use; `log_in` tells the user how to log in, and
    `who_to_ask` whom to ask about an account that GitHub gives no access.
    """

    def __init__(
        self,
        token_store: TokenStore,
        exchange: ExchangeToken,
        *,
        clock: Callable[[], float],
        base_url: Callable[[str | None], str],
        headers: Mapping[str, str],
        log_in: str = LOG_IN,
        who_to_ask: str = "",
    ) -> None:
        self._token_store = token_store
        self._exchange = exchange
        self._clock = clock
        self._base_url = base_url
        self._headers = headers
        self.log_in = log_in
        self._who_to_ask = who_to_ask
        self._token: Token | None = None
        self._loaded = False
        self._renewal: asyncio.Task[Token | Failure] | None = None
        self._trouble: _Trouble | None = None
        self._rejected: _Rejected | None = None
        self._rejections = 0
        self._accepted: Secret | None = None
        self._last_access: tuple[Token, Access] | None = None

    def current_access(self) -> Access | None:
        """The access for the next call, None if a renewal must be awaited. A renewal that is due is started."""
        token, now = self._current(), self._clock()
        if token is None:
            return None
        if not token.needs_no_refresh(now):
            if not token.usable_for_a_minute(now):
                return None
            if self._may_retry():
                self._start_renewal(None)
        return self._access(token)

    async def access(self) -> Access:
        """The access for the next call; waits for a renewal if it must.

        Raises:
            Failure: there is no login, or no token could be obtained and the old one has expired.
        """
        if (access := self.current_access()) is not None:
            return access
        token = self._token
        try:
            return self._access(await self._renew(None))
        except Failure:
            if token is not None and token.unexpired(self._clock()):
                return self._access(token)
            raise

    async def renew(self, refused: Access) -> Access:
        """Access with a token other than the one that Copilot has just refused.

        Raises:
            Failure: there is none, or the refused token was already the replacement of a refused one.
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
        """Record that Copilot accepted a token."""
        self._accepted = used.bearer
        self._rejections = 0

    def reject(self, refused: Access) -> None:
        """Record that Copilot rejected a freshly exchanged token: no further exchange for a back-off period.

        A token that had worked before is not counted, since its expiry says nothing about the login.
        """
        known = self._accepted, self._rejected.bearer if self._rejected else None
        if refused.bearer not in known:
            wait = BACKOFF[min(self._rejections, len(BACKOFF) - 1)]
            self._rejections += 1
            now = self._clock()
            self._rejected = _Rejected(refused.bearer, now, now + wait)

    async def exchange(self, login: Login | None = None) -> Token:
        """Exchange a login, by default the one in use, for a new token, even if the old one is valid, and save it."""
        login = login or self._login()
        async with self._token_store.lock():
            self._token = await self._exchange_login(login)
            self._loaded = True
        return self._token

    def is_usable(self) -> bool:
        """Whether there is a login or an unexpired token."""
        token = self._current()
        return self._token_store.login() is not None or (token is not None and token.unexpired(self._clock()))

    def is_of_organisation(self) -> bool:
        """Whether the login is nobody's own, and may serve several people."""
        token = self._current()
        if token is not None:
            return is_of_organisation(token.bearer)
        login = self._token_store.login()
        return login is not None and is_of_organisation(login.token)

    def account(self, access: Access) -> str:
        """Fingerprint of the login in use, or of the token if there is none."""
        login = self._token_store.login()
        return (login.token if login else access.bearer).fingerprint()

    def seconds_left(self, access: Access) -> float | None:
        """Seconds until this access expires, None if it never does."""
        return None if access.expires_at is None else access.expires_at - self._clock()

    def trouble(self) -> Failure | None:
        """Why the last renewal failed, None if it succeeded."""
        return self._trouble.failure if self._trouble else None

    def _current(self) -> Token | None:
        if self._token_store.changed() or not self._loaded:
            self._loaded = True
            self._trouble = self._rejected = None
            self._token = self._token_store.load()
        return self._token

    def _access(self, token: Token) -> Access:
        """The access by a token; the same object for the same token."""
        if self._last_access is None or self._last_access[0] is not token:
            ends = None if token.lasts else token.expires_at
            self._last_access = token, Access(token.bearer, self._find_base_url(token.api), self._headers, ends)
        return self._last_access[1]

    def _is_rejected(self, bearer: Secret) -> bool:
        last = self._rejected
        return last is not None and last.bearer == bearer and last.since <= self._clock() < last.until

    def _may_retry(self) -> bool:
        """Whether the back-off is over, or the clock was set back since it began."""
        return self._trouble is None or not self._trouble.since <= self._clock() < self._trouble.until

    async def _renew(self, refused: Secret | None) -> Token:
        """Wait for the running renewal; each waiter gets its own copy of a failure."""
        found = await asyncio.shield(self._start_renewal(refused))
        if isinstance(found, Failure):
            raise found.but()
        return found

    def _start_renewal(self, refused: Secret | None) -> asyncio.Task[Token | Failure]:
        """The running renewal, started if there is none. It outlives the request that started it."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._try_renewal(refused), name="renew-token")
        return self._renewal

    async def _try_renewal(self, refused: Secret | None) -> Token | Failure:
        """A new token or a failure, which is returned and not raised: many requests may wait for it."""
        if self._trouble is not None and not self._may_retry():
            return self._trouble.failure
        try:
            if self._token_store.load() is None:
                self._login()  # without a login there is nothing to lock, and no file should be made
            async with self._token_store.lock():
                self._token = self._adopt_from_store(refused) or await self._exchange_login()
        except Failure as failure:
            return self._record_trouble(failure)
        except Exception:
            log.exception("the Copilot token cannot be renewed")
            return self._record_trouble(Failure(Kind.INTERNAL, _FAILED, code="internal_error"))
        self._trouble = None
        return self._token

    def _adopt_from_store(self, refused: Secret | None) -> Token | None:
        """The token that another process stored while we waited for the lock, if it is fresh."""
        found = self._token_store.load()
        if found is None or found.bearer == refused or not found.needs_no_refresh(self._clock()):
            return None
        return found

    def _find_base_url(self, api: str | None) -> str:
        try:
            return self._base_url(api)
        except Failure as failure:
            raise self._with_advice(failure) from None

    def _with_advice(self, failure: Failure) -> Failure:
        """The failure with the login command of this account in its message, or with whom to ask for access."""
        if failure.kind is Kind.FORBIDDEN and self._who_to_ask:
            return failure.but(message=f"{failure.message}; {self._who_to_ask}")
        return failure.but(message=failure.message.replace(LOG_IN, self.log_in))

    async def _exchange_login(self, login: Login | None = None) -> Token:
        login = login or self._login()
        if reason := why_unusable(login.token, self._headers.get("Copilot-Integration-Id", EDITOR_INTEGRATION)):
            message = f"the GitHub token from {login.where} cannot be used: {reason}; {self.log_in}"
            raise Failure(Kind.LOGIN, message, code="login_needed")
        try:
            grant = await self._exchange(login.token)
        except Failure as failure:
            raise self._with_advice(failure) from None
        token = token_from_grant(grant, login, self._clock())
        self._token_store.save(grant, token)
        if token.lasts:
            log.info("Copilot takes the login from %s as it is, without a token", login.where)
        else:
            log.info("new Copilot token, good for %.0f s", token.expires_at - self._clock())
        return token

    def _login(self) -> Login:
        login = self._token_store.login()
        if login is None:
            raise Failure(Kind.LOGIN, self._nobody_text, code="login_needed")
        return login

    @property
    def _nobody_text(self) -> str:
        return f"nobody is logged in to GitHub here: {self.log_in}"

    def _record_trouble(self, failure: Failure) -> Failure:
        """Keep a copy of the failure for all requests until the next try, with a `Retry-After` if waiting helps."""
        times = self._trouble.times + 1 if self._trouble else 1
        wait = REFUSED_PAUSE if failure.kind in _NEEDS_PERSON else BACKOFF[min(times, len(BACKOFF)) - 1]
        if failure.retry_after and failure.retry_after.isdecimal():
            wait = min(float(failure.retry_after), LONGEST_PAUSE)
        elif failure.kind not in _NEEDS_PERSON:
            failure = failure.but(retry_after=str(int(wait)))
        if failure.message == self._nobody_text:
            wait = 0.0  # GitHub was not asked, and the next login is to be used at once
        now, kept = self._clock(), failure.but()
        is_new = self._trouble is None or self._trouble.failure.message != kept.message
        self._trouble = _Trouble(kept, now, now + wait, times)
        log.log(logging.WARNING if wait or is_new else logging.DEBUG, "no new Copilot token: %s", kept)
        return kept


_NEEDS_PERSON = frozenset({Kind.LOGIN, Kind.FORBIDDEN})
