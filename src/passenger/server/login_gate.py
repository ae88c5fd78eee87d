"""Refuses API requests until somebody is logged in, on a server that was started without a login."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from starlette.requests import Request as WebRequest
from starlette.responses import Response

from passenger.errors import Failure, Kind
from passenger.server.scope import Page

NOBODY = "login_needed"
"""The code of a request that found no login, or none that works."""


class LoginGate:
    """Open from the first login until a request fails for lack of one. While it is open, no file is read."""

    def __init__(self, is_logged_in: Callable[[], bool], log_in: str) -> None:
        self._is_logged_in = is_logged_in
        self._log_in = log_in
        self._is_open = False

    @contextmanager
    def guarding(self, headers: Mapping[str, str]) -> Iterator[None]:
        """A block that needs a login.

        Raises:
            Failure: nobody is logged in, or not any more.
        """
        self._check(headers)
        try:
            yield
        except Failure as failure:
            self._shut_after(failure, headers)
            raise

    def before_page(self, page: Page) -> Page:
        """A page that needs a login."""

        async def page_behind(request: WebRequest) -> Response:
            with self.guarding(request.headers):
                return await page(request)

        return page_behind

    def _shut_after(self, failure: Failure, headers: Mapping[str, str]) -> None:
        """Check again whether anybody is logged in, after a request that found no login."""
        if failure.code == NOBODY:
            self._is_open = False
            self._check(headers)

    def _check(self, headers: Mapping[str, str]) -> None:
        self._is_open = self._is_open or self._is_logged_in()
        if not self._is_open:
            message = (
                f"nobody is logged in to GitHub here yet: open http://{headers['host']}/ in a browser, "
                f"or {self._log_in}"
            )
            raise Failure(Kind.UNAVAILABLE, message, code="login_required", headers=(("x-should-retry", "false"),))
