"""The page at `/`, its sign-in, and the forms that are sent from it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from passenger.control.cards import ModelCard
from passenger.control.status import Status
from passenger.copilot.protocol import command_in
from passenger.errors import Failure, Kind
from passenger.offload import offload
from passenger.web.addresses import own_urls
from passenger.web.guard import is_known
from passenger.web.keys import hint
from passenger.web.pages import figures
from passenger.web.pages.accept import wants_page
from passenger.web.pages.assets import TYPES, serve_asset
from passenger.web.pages.cookies import cookies, set_cookie
from passenger.web.pages.login import DeviceLogin
from passenger.web.pages.protection import HEADERS, check_own_form, is_at_this_machine, is_secure
from passenger.web.pages.rendering import page
from passenger.web.pages.sessions import LIFETIME, Sessions
from passenger.web.pages.tries import Tries
from passenger.web.passenger_api import Facts
from passenger.web.recording import exchange_of

if TYPE_CHECKING:
    from passenger.web.pages.lines import Place

log = logging.getLogger(__name__)

Page = Callable[[Request], Awaitable[Response]]

LARGEST_FORM = 8192
"""Bytes of a form that are read."""

PATIENCE = 3.0
"""Seconds that a page waits for the list of models."""

ANY_KEY, YOUR_KEY = "passenger", "YOUR-KEY"
"""What stands for a key in the lines to copy: where any will do, and where one of the user's is needed."""

ELSEWHERE = (
    "The login can be started at the machine that Passenger runs on, or from anywhere once there is an API key "
    "([server] api_keys). In a terminal there: {}"
)


@dataclass(frozen=True)
class Pages:
    """What browsers get, from what is known of the server; `login` is None where nobody can log in by the page."""

    facts: Facts
    sessions: Sessions
    login: DeviceLogin | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    """The models that the settings name, by their clients."""
    clock: Callable[[], float] = time.time
    tries: Tries = field(default_factory=Tries)

    def gets(self) -> Mapping[str, Page]:
        """The pages and files, by their paths."""
        return {"/": self.home, **{f"/page/{name}": serve_asset for name in TYPES}}

    def posts(self) -> Mapping[str, ASGIApp]:
        """The forms, by their paths."""
        forms = {
            "key": self.enter,
            "leave": self.leave,
            "login": self.begin_login,
            "login/cancel": self.cancel_login,
        }
        return {f"/page/{name}": _Form(form) for name, form in forms.items()}

    # --- pages ---------------------------------------------------------------------------------------------------

    async def home(self, request: Request) -> Response:
        """`GET /`: for a browser the page, or the form that asks for a key; for all others what Ollama says."""
        if not wants_page(request.scope):
            return PlainTextResponse("Ollama is running", headers={"vary": "Accept"})
        if not self._is_let_in(request):
            return await self._sign_in(self._no_key_works())
        cards, trouble = await self._cards()
        status = await self.facts.status(own_urls(request.scope, self.facts.identity.ports))
        await offload(True, _load)
        from passenger.web.pages.overview import overview  # noqa: PLC0415 - it was loaded just now

        place = self._place(request, status)
        view = overview(status, cards, self.facts.log.records(), place, self.clock())
        return await page(
            "home.html",
            view=view,
            key=place.key,
            here=is_at_this_machine(request.scope),
            trouble=trouble if status.logged_in else None,
            login=None if status.logged_in else self._login_view(request),
            has_session=self._has_session(request),
        )

    def _place(self, request: Request, status: Status) -> "Place":
        """Where this server is for whoever asks."""
        from passenger.web.pages.lines import Place  # noqa: PLC0415 - see `_load`

        key = YOUR_KEY if status.needs_key else ANY_KEY
        port = request.scope["server"][1] or 0
        command, ollama = self.facts.identity.command, next(iter(status.urls[1:]), "")
        return Place(_base(request), key, port, command, ollama, self.named)

    async def _cards(self) -> tuple[list[ModelCard], str | None]:
        """The models, or why they cannot be shown just now."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.facts.cards(), None
        except TimeoutError:
            return [], "The list of models has not come yet. Refresh the page in a moment."
        except Failure as failure:
            return [], f"The list of models cannot be had: {failure.message}"

    async def _sign_in(self, error: str | None, status: int = 200) -> Response:
        settings = self.facts.guard.keys.settings.split(", ")
        return await page("key.html", status, error=error, settings=settings, hours=LIFETIME // 3600)

    def _no_key_works(self) -> str | None:
        trouble = self.facts.guard.trouble
        return "The file of keys cannot be used just now; the server's log says why." if trouble else None

    # --- who is there --------------------------------------------------------------------------------------------

    def _is_let_in(self, request: Request) -> bool:
        """Whether a key was shown, now or when the session began, or none is needed."""
        return is_known(request.scope) or self._has_session(request)

    def _has_session(self, request: Request) -> bool:
        return any(self.sessions.knows(value) for value in cookies(request.scope))

    async def enter(self, request: Request) -> Response:
        """`POST /page/key`: begin a session with a key."""
        key = (await _fields(request)).get("key", "").strip().encode()
        peer = request.client.host if request.client else "?"
        if (left := self.tries.wait(peer)) > 0:
            return await self._refuse_to_look(left)
        digest = self.facts.guard.keys.recognize(key)
        if digest is None:
            self.tries.note(peer)
            log.warning("not let in: the page from %s with %s", peer, hint({b"x-api-key": key}, b""))
            return await self._sign_in(self._no_key_works() or "That is none of this server's keys.", 401)
        return _to_page(request, self.sessions.begin(digest), LIFETIME)

    async def _refuse_to_look(self, left: float) -> Response:
        """Too many keys were wrong: this one is not looked at, whatever it is."""
        answer = await self._sign_in(
            f"Too many wrong keys came from there. Try again in {figures.lasting(left + 1)}.", 429
        )
        answer.headers["retry-after"] = str(int(left) + 1)
        return answer

    async def leave(self, request: Request) -> Response:
        """`POST /page/leave`: let the browser forget its session."""
        return _to_page(request, "", 0)

    # --- the device login ----------------------------------------------------------------------------------------

    async def begin_login(self, request: Request) -> Response:
        """`POST /page/login`: begin a device login, where nobody is logged in and this browser may."""
        self._check_login(request)
        if self.login is not None and not self.facts.readiness.is_usable():
            await self.login.start()
        return _to_page(request)

    async def cancel_login(self, request: Request) -> Response:
        """`POST /page/login/cancel`: give up the one that is running."""
        self._check_login(request)
        if self.login is not None:
            await self.login.cancel()
        return _to_page(request)

    def _check_login(self, request: Request) -> None:
        if not self._may_log_in(request):
            raise Failure(Kind.FORBIDDEN, ELSEWHERE.format(self._command), code="login_not_here")

    def _may_log_in(self, request: Request) -> bool:
        if self.facts.guard.wants_key:
            return self._is_let_in(request)
        return is_at_this_machine(request.scope)

    @property
    def _command(self) -> str:
        return command_in(self.facts.seat.log_in)

    def _login_view(self, request: Request) -> Mapping[str, object] | None:
        if self.login is None:
            return None
        found = self.login.progress()
        return {
            "waiting": found.running,
            "code": found.code if found.running else None,
            "url": found.url,
            "left": figures.lasting(found.left) if found.left else None,
            "error": None if found.running else found.error,
            "refused": None if self._may_log_in(request) else ELSEWHERE.format(self._command),
            "command": self._command,
        }


# --- forms -------------------------------------------------------------------------------------------------------


class _Form:
    """A form that only our own page may send; what went wrong is said on a page."""

    def __init__(self, answer: Page) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_own_form(scope)
            answer = await self._answer(Request(scope, receive))
        except Failure as failure:
            exchange_of(scope).fail(failure)
            answer = await page("refused.html", failure.status, error=failure.message)
        except ClientDisconnect:
            exchange_of(scope).leave()
            return
        await answer(scope, receive, send)


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form, each once."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise Failure(Kind.TOO_LARGE, f"a form has {LARGEST_FORM} bytes at most", code="request_too_large")
    values = parse_qs(body.decode("utf-8", "replace"), max_num_fields=None, keep_blank_values=True)
    return {name: several[0] for name, several in values.items()}


def _load() -> None:
    """Load what the page shows, and with it all that is known of clients: who is visited by no browser does without."""
    import_module("passenger.web.pages.overview")


def _to_page(request: Request, session: str | None = None, lifetime: int = 0) -> Response:
    """Back to the page, with a session to be kept or forgotten."""
    headers = {**HEADERS, "location": "/", "cache-control": "no-store"}
    if session is not None:
        headers["set-cookie"] = set_cookie(request.scope, session, lifetime, secure=is_secure(request.scope))
    return Response(status_code=303, headers=headers)


def _base(request: Request) -> str:
    """Our address as this browser knows it."""
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{request.headers['host']}"
