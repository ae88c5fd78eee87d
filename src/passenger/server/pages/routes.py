"""The page at `/`, its sign-in, and the forms that are sent from it."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from passenger.account.device_login import DeviceLogin
from passenger.account.protocol import command_in
from passenger.copilot.model_cards import ModelCard
from passenger.errors import Failure, Kind
from passenger.jsontext.offload import offload
from passenger.server.addresses import own_urls
from passenger.server.api.passenger_api import ServerFacts
from passenger.server.api_keys import hint
from passenger.server.control.status import ServerStatus
from passenger.server.guard import peer_of, sees_server
from passenger.server.pages import figures
from passenger.server.pages.protection import (
    HEADERS,
    check_own_form,
    is_at_this_machine,
    is_private_place,
    is_secure,
    wants_page,
)
from passenger.server.pages.rendering import TYPES, page, serve_asset
from passenger.server.pages.sessions import LIFETIME, Sessions, cookies, set_cookie
from passenger.server.scope import Page, exchange_of
from passenger.server.wrong_keys import WrongKeys

if TYPE_CHECKING:
    from passenger.ledger.usage_report import ReadSpent, SpentTotals
    from passenger.server.pages.client_commands import PageAddress

log = logging.getLogger(__name__)

MOST = 10
"""Wrong keys that one peer may send in the page's form within a minute."""


LARGEST_FORM = 8192
"""Maximum bytes of a form."""

PATIENCE = 3.0
"""Seconds that a page waits for the list of models, and as many for the ledger."""

_READER = ThreadPoolExecutor(1, "passenger-page")
"""The thread that waits for the ledger's disk."""

ANY_KEY, YOUR_KEY = "passenger", "YOUR-KEY"
"""The key in the lines to copy: if any will do, and if one of the user's is needed."""

ELSEWHERE = (
    "The login can be started at the machine that Passenger runs on, or from anywhere once there is an API key "
    "([server] api_keys). In a terminal there: {}"
)


@dataclass(frozen=True)
class Pages:
    """The page and its forms; `login` is None if the page cannot offer a login."""

    facts: ServerFacts
    sessions: Sessions
    login: DeviceLogin | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    """The models that the settings name, by their clients."""
    spent: "ReadSpent" = lambda: None
    """Reads what the ledger has of today and of this month, in a thread."""
    clock: Callable[[], float] = time.time
    public_url: str = ""
    """Our address with TLS, empty where there is none."""
    tries: WrongKeys = field(default_factory=lambda: WrongKeys(MOST))

    def gets(self) -> Mapping[str, Page]:
        """The pages and files, by their paths."""
        return {"/": self.home, **{f"/page/{name}": serve_asset for name in TYPES}}

    def posts(self) -> Mapping[str, ASGIApp]:
        """The forms, by their paths."""
        forms = {
            "key": self.sign_in,
            "leave": self.sign_out,
            "login": self.begin_login,
            "login/cancel": self.cancel_login,
        }
        return {f"/page/{name}": OwnForm(form) for name, form in forms.items()}

    # --- pages -------------------------------------------------------------------------------------------------------

    async def home(self, request: Request) -> Response:
        """`GET /`: the page or the form that asks for a key for a browser, Ollama's text for all others."""
        if not wants_page(request.scope):
            return PlainTextResponse("Ollama is running", headers={"vary": "Accept"})
        if not self._is_let_in(request):
            return await self._ask_for_key(request)
        cards, trouble = await self._cards()
        status = await self.facts.status(own_urls(request.scope, self.facts.identity.ports))
        await offload(True, import_overview)
        from passenger.server.pages.overview import overview  # noqa: PLC0415 - it was loaded just now

        place = self._page_address(request, status)
        view = overview(status, cards, self.facts.log.records(), place, self.clock(), spent=await self._spent())
        return await page(
            "home.html",
            view=view,
            key=place.key,
            here=is_at_this_machine(request.scope),
            trouble=trouble if status.logged_in else None,
            login=None if status.logged_in else self._login_view(request),
            has_session=self._has_session(request),
        )

    def _page_address(self, request: Request, status: ServerStatus) -> "PageAddress":
        """The address of this server as the browser knows it."""
        from passenger.server.pages.client_commands import PageAddress  # noqa: PLC0415 - see `import_overview`

        key = YOUR_KEY if status.needs_key else ANY_KEY
        port = request.scope["server"][1] or 0
        command, ollama = self.facts.identity.command, next(iter(status.urls[1:]), "")
        return PageAddress(_base_url(request), key, port, command, ollama, self.named)

    async def _cards(self) -> tuple[list[ModelCard], str | None]:
        """The models, or the reason why they cannot be shown."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.facts.cards(), None
        except TimeoutError:
            return [], "The list of models has not come yet. Refresh the page in a moment."
        except Failure as failure:
            return [], f"The list of models cannot be had: {failure.message}"

    async def _spent(self) -> "SpentTotals | None":
        """What today and this month have cost; None without a ledger that can be read in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return await asyncio.get_running_loop().run_in_executor(_READER, self.spent)
        return None

    async def _key_form(self, error: str | None, status: int = 200) -> Response:
        sources = self.facts.guard.key_sources
        return await page("key.html", status, error=error, sources=sources, hours=LIFETIME // 3600)

    def _no_key_works(self) -> str | None:
        trouble = self.facts.guard.trouble
        return "The file of keys cannot be used just now; the server's log says why." if trouble else None

    # --- sign-in ------------------------------------------------------------------------------------------------

    def _is_let_in(self, request: Request) -> bool:
        """Whether the request has a key or a session, or none is needed."""
        return sees_server(request.scope) or self._has_session(request)

    def _has_session(self, request: Request) -> bool:
        return any(self.sessions.knows(value, peer_of(request.scope)) for value in cookies(request.scope))

    async def sign_in(self, request: Request) -> Response:
        """`POST /page/key`: begin a session with a key."""
        self._check_key_entry(request)
        key = (await _read_form(request)).get("key", "").strip().encode()
        peer = request.client.host if request.client else "?"
        if (left := self.tries.wait(peer)) > 0:
            return await self._too_many_wrong_keys(left)
        digest = self.facts.guard.recognize_viewer(key, peer_of(request.scope))
        if digest is None:
            self.tries.note(peer)
            log.warning("not let in: the page from %s with %s", peer, hint({b"x-api-key": key}, b""))
            return await self._key_form(self._no_key_works() or "This is not one of the server's keys.", 401)
        return _redirect_home(request, self.sessions.begin(digest), LIFETIME)

    def _check_key_entry(self, request: Request) -> None:
        """See that a team's key is typed where nobody on the way can read along."""
        if self.facts.guard.ring() is not None and not is_private_place(request.scope, self.public_url):
            message = (
                "a key that is typed here would go without TLS: open this page at the machine that Passenger runs on, "
                "or under the address that [server] public_url names"
            )
            raise Failure(Kind.FORBIDDEN, message, code="key_not_here")

    async def _ask_for_key(self, request: Request) -> Response:
        try:
            self._check_key_entry(request)
        except Failure as failure:
            exchange_of(request.scope).fail(failure)
            return await page("refused.html", failure.status, error=failure.message)
        return await self._key_form(self._no_key_works())

    async def _too_many_wrong_keys(self, left: float) -> Response:
        """Answer 429 without checking the key: too many were wrong."""
        answer = await self._key_form(
            f"Too many wrong keys came from there. Try again in {figures.lasting(left + 1)}.", 429
        )
        answer.headers["retry-after"] = str(int(left) + 1)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """`POST /page/leave`: end the browser's session."""
        return _redirect_home(request, "", 0)

    # --- the device login --------------------------------------------------------------------------------------------

    async def begin_login(self, request: Request) -> Response:
        """`POST /page/login`: start a device login, if nobody is logged in and this browser may."""
        self._check_login(request)
        if self.login is not None and not self.facts.readiness.is_usable():
            await self.login.start()
        return _redirect_home(request)

    async def cancel_login(self, request: Request) -> Response:
        """`POST /page/login/cancel`: cancel the running one."""
        self._check_login(request)
        if self.login is not None:
            self.login.cancel()
        return _redirect_home(request)

    def _check_login(self, request: Request) -> None:
        if not self._may_log_in(request):
            raise Failure(Kind.FORBIDDEN, ELSEWHERE.format(self._command), code="login_not_here")

    def _may_log_in(self, request: Request) -> bool:
        if self.facts.guard.needs_key:
            return self._is_let_in(request)
        return is_at_this_machine(request.scope)

    @property
    def _command(self) -> str:
        return command_in(self.facts.seat.log_in)

    def _login_view(self, request: Request) -> Mapping[str, object] | None:
        if self.login is None:
            return None
        state = self.login.state()
        left = 0.0 if state.expires is None else state.expires - self.clock()
        return {
            "waiting": state.under_way,
            "code": state.code if state.under_way else None,
            "url": state.url,
            "left": figures.lasting(left) if left > 0 else None,
            "error": None if state.under_way else state.error,
            "refused": None if self._may_log_in(request) else ELSEWHERE.format(self._command),
            "command": self._command,
        }


# --- forms -----------------------------------------------------------------------------------------------------------


class OwnForm:
    """A form that only our own page may send; failures are answered with a page."""

    def __init__(self, answer: Page) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one that was sent."""
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


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each once."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM:
            raise Failure(Kind.TOO_LARGE, f"a form has {LARGEST_FORM} bytes at most", code="request_too_large")
    values = parse_qs(body.decode("utf-8", "replace"), max_num_fields=None, keep_blank_values=True)
    return {name: several[0] for name, several in values.items()}


def import_overview() -> None:
    """Import what the page shows, and with it all clients; a server that no browser visits does without."""
    import_module("passenger.server.pages.overview")


def _redirect_home(request: Request, session: str | None = None, lifetime: int = 0) -> Response:
    """Redirect to the page, and set or delete the session."""
    headers = {**HEADERS, "location": "/", "cache-control": "no-store"}
    if session is not None:
        headers["set-cookie"] = set_cookie(request.scope, session, lifetime, secure=is_secure(request.scope))
    return Response(status_code=303, headers=headers)


def _base_url(request: Request) -> str:
    """Our address as the browser knows it."""
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{request.headers['host']}"
