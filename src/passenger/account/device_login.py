"""A login by the device flow that a running server makes for whoever looks at its page: one at a time."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping

from msgspec.structs import replace

from passenger.account.login_state import Board, LoginState, OwnBoard
from passenger.copilot.device import Flow, Granted, Post, Show, Wait
from passenger.errors import Failure, Kind

log = logging.getLogger(__name__)

PATIENCE = 15.0
"""Seconds that whoever begins a login waits for its code."""

_LONGEST = 500
"""Characters of an error, of a code and of an address that are shown."""

Send = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""Posts a form to a URL, and gives the answer's body."""


async def carry_out(
    flow: Flow, send: Send, show: Callable[[str, str, float], None], wait: Callable[[float, float], Awaitable[None]]
) -> Granted:
    """Carry out each step of the flow until it gives a login.

    Raises:
        Failure: it gives none.
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
                case Show(code=code, url=url, expires_in=expires_in):
                    show(code, url, expires_in)
                    step = next(flow)
                case Wait(seconds=seconds, left=left):
                    await wait(seconds, left)
                    step = next(flow)
    except StopIteration as end:
        granted: Granted = end.value
        return granted


class DeviceLogin:
    """Makes a login where one is `needed`, and keeps what GitHub grants. The state is the same in all workers."""

    def __init__(
        self,
        flow: Callable[[], Flow],
        send: Send,
        keep: Callable[[Granted], Awaitable[None]],
        *,
        needed: Callable[[], bool],
        clock: Callable[[], float],
        board: Board | None = None,
    ) -> None:
        self._flow = flow
        self._send = send
        self._keep = keep
        self._needed = needed
        self._clock = clock
        self._board = board or OwnBoard()
        self._task: asyncio.Task[None] | None = None
        self._shown = asyncio.Event()

    def state(self) -> LoginState:
        """How far it is; one whose code has expired is over, whatever became of the worker that made it."""
        state = self._board.read()
        if state.under_way and state.expires is not None and self._clock() > state.expires:
            return replace(state, phase="failed", code=None, url=None, error=EXPIRED)
        return state

    async def start(self) -> LoginState:
        """Begin a login where none is under way, and give its state once there is a code to show.

        Raises:
            Failure: somebody is logged in already.
        """
        if not self._needed():
            raise Failure(Kind.INVALID, "somebody is logged in here already", status=409, code="logged_in")
        if not (state := self.state()).under_way:
            state = LoginState("starting", expires=self._clock() + PATIENCE, attempt=secrets.token_hex(8))
            self._board.write(state)
            self._shown.clear()
            self._task = asyncio.create_task(self._run(state.attempt), name="device-login")
        if self._task is not None and not self._task.done():
            shown = asyncio.create_task(self._shown.wait())
            await asyncio.wait([shown, self._task], timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            shown.cancel()
        return self.state()

    def cancel(self) -> LoginState:
        """End the login under way, whichever worker makes it."""
        if self.state().under_way:
            self._board.write(LoginState())
            if self._task is not None:
                self._task.cancel()
        return self.state()

    async def _run(self, attempt: str) -> None:
        try:
            granted = await carry_out(self._flow(), self._send, self._show(attempt), self._wait(attempt))
            self._check(attempt)  # it may have been given up while GitHub's answer was on its way
            if self._needed():
                await self._keep(granted)
        except _EndedElsewhere:
            return
        except Failure as failure:
            self._end(attempt, LoginState("failed", error=failure.message[:_LONGEST], attempt=attempt))
        except Exception:
            log.exception("the login has failed")
            self._end(attempt, LoginState("failed", error="Passenger failed; its log says more", attempt=attempt))
        else:
            self._end(attempt, LoginState("done", attempt=attempt))

    def _show(self, attempt: str) -> Callable[[str, str, float], None]:
        def show(code: str, url: str, expires_in: float) -> None:
            self._check(attempt)
            expires = self._clock() + expires_in
            self._board.write(LoginState("waiting", code[:_LONGEST], _web(url), expires, attempt=attempt))
            self._shown.set()

        return show

    def _wait(self, attempt: str) -> Callable[[float, float], Awaitable[None]]:
        async def wait(seconds: float, _left: float) -> None:
            await asyncio.sleep(seconds)
            self._check(attempt)

        return wait

    def _check(self, attempt: str) -> None:
        if self._board.read().attempt != attempt:
            raise _EndedElsewhere

    def _end(self, attempt: str, state: LoginState) -> None:
        """Write up how a login has ended, unless another one has begun since."""
        if self._board.read().attempt == attempt:
            self._board.write(state)


EXPIRED = "the code has expired before it was entered"


class _EndedElsewhere(Exception):  # noqa: N818 - it is not an error
    """The login was cancelled, or another has begun."""


def _web(url: str) -> str:
    """An address that may become a link; whoever answers in GitHub's place chooses it.

    Raises:
        Failure: it is none of the web.
    """
    if not url.lower().startswith(("https://", "http://")):
        raise Failure(Kind.UPSTREAM, "GitHub named no address to enter the code at", code="login_failed")
    return url[:_LONGEST]
