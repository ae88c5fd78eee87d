"""The device login that a running server offers on its page, one at a time."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from msgspec.structs import replace

from passenger.account.device_flow import DeviceFlow, Granted, Post, ShowCode, Wait
from passenger.account.login_state import LoginState, SharedLoginState
from passenger.errors import Failure, Kind

log = logging.getLogger(__name__)

PATIENCE = 15.0
"""Seconds that the start of a login waits for its code."""

_LONGEST = 500
"""Maximum characters of an error, a code and an address that are shown."""

PostForm = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""Posts a form to a URL, and gives the answer's body."""


async def carry_out(
    flow: DeviceFlow,
    send: PostForm,
    show: Callable[[str, str, float], None],
    wait: Callable[[float, float], Awaitable[None]],
) -> Granted:
    """Run the device flow, with functions for its steps, until it returns a login.

    Raises:
        Failure: it ends without one.
    """
    try:
        step = next(flow)
        while True:
            match step:
                case Post(url=url, form=form):
                    try:
                        answer = await send(url, form)
                    except Failure as failure:
                        step = flow.throw(failure)
                    else:
                        step = flow.send(answer)
                case ShowCode(code=code, url=url, expires_in=expires_in):
                    show(code, url, expires_in)
                    step = next(flow)
                case Wait(seconds=seconds, left=left):
                    await wait(seconds, left)
                    step = next(flow)
    except StopIteration as end:
        granted: Granted = end.value
        return granted


class DeviceLogin:
    """Makes a login if one is `needed`, and keeps it. All workers share its state."""

    def __init__(
        self,
        flow: Callable[[], DeviceFlow],
        send: PostForm,
        keep: Callable[[Granted], Awaitable[None]],
        *,
        needed: Callable[[], bool],
        clock: Callable[[], float],
        login_states: SharedLoginState | None = None,
    ) -> None:
        self._flow = flow
        self._send = send
        self._keep = keep
        self._needed = needed
        self._clock = clock
        self._login_states = login_states or SharedLoginState()
        self._task: asyncio.Task[None] | None = None
        self._shown = asyncio.Event()

    def state(self) -> LoginState:
        """The state of the last login; one whose code has expired has failed, also if its worker has ended."""
        state = self._login_states.read()
        if state.under_way and state.expires is not None and self._clock() > state.expires:
            return replace(state, phase="failed", code=None, url=None, error=EXPIRED)
        return state

    async def start(self) -> LoginState:
        """Start a login if none is under way, and return its state once there is a code to show.

        Raises:
            Failure: somebody is logged in already.
        """
        if not self._needed():
            raise Failure(Kind.INVALID, "somebody is logged in here already", status=409, code="logged_in")
        if not (state := self.state()).under_way:
            state = LoginState("starting", expires=self._clock() + PATIENCE, attempt=secrets.token_hex(8))
            self._login_states.write(state)
            self._shown.clear()
            self._task = asyncio.create_task(self._run(state.attempt), name="device-login")
        if self._task is not None and not self._task.done():
            shown = asyncio.create_task(self._shown.wait())
            try:
                await asyncio.wait([shown, self._task], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            finally:  # whoever asked may have left
                shown.cancel()
        return self.state()

    def cancel(self) -> LoginState:
        """Cancel the login under way, in whichever worker it runs."""
        if self.state().under_way:
            self._login_states.write(LoginState())
            if self._task is not None:
                self._task.cancel()
        return self.state()

    async def _run(self, attempt: str) -> None:
        try:
            show, wait = partial(self._show, attempt), partial(self._wait, attempt)
            granted = await carry_out(self._flow(), self._send, show, wait)
            self._check(attempt)  # it may have been given up while GitHub's answer was on its way
            if self._needed():
                await self._keep(granted)
        except _Superseded:
            return
        except Failure as failure:
            self._end(attempt, LoginState("failed", error=failure.message[:_LONGEST], attempt=attempt))
        except Exception:
            log.exception("the login has failed")
            self._end(attempt, LoginState("failed", error="Passenger failed; its log says more", attempt=attempt))
        else:
            self._end(attempt, LoginState("done", attempt=attempt))

    def _show(self, attempt: str, code: str, url: str, expires_in: float) -> None:
        self._check(attempt)
        expires = self._clock() + expires_in
        self._login_states.write(LoginState("waiting", code[:_LONGEST], check_shown_url(url), expires, attempt=attempt))
        self._shown.set()

    async def _wait(self, attempt: str, seconds: float, _left: float) -> None:
        await asyncio.sleep(seconds)
        self._check(attempt)

    def _check(self, attempt: str) -> None:
        if self._login_states.read().attempt != attempt:
            raise _Superseded

    def _end(self, attempt: str, state: LoginState) -> None:
        """Store how a login has ended, unless another one was started since."""
        if self._login_states.read().attempt == attempt:
            self._login_states.write(state)


EXPIRED = "the code has expired before it was entered"


class _Superseded(Exception):  # noqa: N818 - it is not an error
    """The login was cancelled, or another has begun."""


def check_shown_url(url: str) -> str:
    """The beginning of an address that is shown as a link: a Failure unless it is an http or https URL."""
    if not url.lower().startswith(("https://", "http://")):
        raise Failure(Kind.UPSTREAM, "GitHub named no address to enter the code at", code="login_failed")
    return url[:_LONGEST]
