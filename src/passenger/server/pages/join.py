"""The page by which somebody joins a team: `/join/SECRET` shows how far they are, and its forms lead on.

To look at it changes nothing, so that whatever follows links in mails uses none up.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from passenger.errors import Failure, Kind
from passenger.jsontext.offload import offload
from passenger.server.pages import figures
from passenger.server.pages.protection import HEADERS, is_private_place, is_public
from passenger.server.pages.rendering import page
from passenger.server.pages.routes import OwnForm, import_overview
from passenger.server.scope import JOIN, Page, exchange_of
from passenger.team.invites import Invite
from passenger.team.joining import Joining

log = logging.getLogger(__name__)

SETUP = ("claude", "codex")
"""Clients whose setup is shown."""


@dataclass(frozen=True)
class JoinPages:
    """The page and its forms. They work on this machine, and under `public_url`, which has TLS."""

    joining: Joining
    public_url: str
    contact: str
    clock: Callable[[], float]

    def gets(self) -> Mapping[str, Page]:
        """The page, by its path."""
        return {f"{JOIN}{{secret}}": self.show}

    def posts(self) -> Mapping[str, ASGIApp]:
        """The forms, by their paths."""
        return {f"{JOIN}{{secret}}/login": OwnForm(self.begin), f"{JOIN}{{secret}}/key": OwnForm(self.use)}

    async def show(self, request: Request) -> Response:
        """`GET /join/SECRET`: how far it is."""
        try:
            self._check_place(request.scope)
            invite = await self.joining.find(_secret_of(request))
        except Failure as failure:
            return await _refuse(request, failure)
        return await page("join.html", view=self._view(invite, _secret_of(request)))

    async def begin(self, request: Request) -> Response:
        """`POST /join/SECRET/login`: begin a login at GitHub."""
        try:
            self._check_place(request.scope)
            await self.joining.begin(_secret_of(request))
        except Failure as failure:
            return await _refuse(request, failure)
        return self._redirect(request)

    async def use(self, request: Request) -> Response:
        """`POST /join/SECRET/key`: make the first key and show it, once."""
        try:
            self._check_place(request.scope)
            made = await self.joining.use(_secret_of(request))
        except Failure as failure:
            return self._redirect(request) if failure.code == "login_first" else await _refuse(request, failure)
        await offload(True, import_overview)
        from passenger.server.pages.client_commands import PageAddress, variables  # noqa: PLC0415 - it was loaded just now

        key = made.secret.reveal()
        place = PageAddress(self._base(request), key, request.scope["server"][1] or 0)
        setup = [f"PASSENGER_KEY={key} passenger setup {client}" for client in SETUP]
        shown = {"phase": "used", "name": made.key.user_name, "key": key, "setup": setup, "variables": variables(place)}
        return await page("join.html", view=shown)

    @staticmethod
    def _redirect(request: Request) -> Response:
        """Back to the page, so that a reload sends no form."""
        headers = {**HEADERS, "location": f"{JOIN}{_secret_of(request)}", "cache-control": "no-store"}
        return Response(status_code=303, headers=headers)

    def _view(self, invite: Invite, secret: str) -> Mapping[str, object]:
        now = self.clock()
        under_way, left = invite.is_under_way(now), max(0, int(invite.ends - now))
        expired = invite.phase in {"starting", "waiting"} and not under_way
        return {
            "name": invite.name,
            "key": None,
            "path": f"{JOIN}{secret}",
            "phase": "waiting" if under_way else "done" if invite.phase == "done" else "new",
            "error": "The code has expired before it was entered. Begin again." if expired else invite.error,
            "code": invite.code,
            "url": invite.url,
            "left": left,
            "lasting": figures.lasting(left),
            "github_login": invite.github_login,
            "any_github": invite.any_github,
            "contact": self.contact,
        }

    def _base(self, request: Request) -> str:
        """The address of this server as the browser knows it."""
        return self.public_url if is_public(request.scope, self.public_url) else f"http://{request.headers['host']}"

    def _check_place(self, scope: Scope) -> None:
        """See that nobody on the way can read along: a login and a key are shown.

        Raises:
            Failure: it is neither this machine nor the address with TLS.
        """
        if is_private_place(scope, self.public_url):
            return
        message = "this link works at the machine that Passenger runs on, or under its https address alone"
        raise Failure(Kind.FORBIDDEN, message, code="join_not_here")


async def _refuse(request: Request, failure: Failure) -> Response:
    exchange_of(request.scope).fail(failure)
    return await page("refused.html", failure.status, error=failure.message)


def _secret_of(request: Request) -> str:
    return str(request.path_params["secret"])
