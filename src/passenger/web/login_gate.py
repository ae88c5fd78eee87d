"""Keeps the routes of the APIs shut until somebody is logged in, on a server that was started without a login."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from starlette.requests import Request as WebRequest
from starlette.responses import Response

from passenger.errors import Failure, Kind

Page = Callable[[WebRequest], Awaitable[Response]]

NOBODY = "login_needed"
"""The code of a request that found no login, or none that works."""


class LoginGate:
    """Open from the first login on, whoever has made it, until a request finds that it is gone.

    While it is open there is no look at the files.
    """

    def __init__(self, is_logged_in: Callable[[], bool], log_in: str) -> None:
        self._is_logged_in = is_logged_in
        self._log_in = log_in
        self._is_open = False

    @contextmanager
    def guarding(self, headers: Mapping[str, str]) -> Iterator[None]:
        """A block that is entered once somebody is logged in.

        Raises:
            Failure: nobody is, or nobody is any more.
        """
        self._check(headers)
        try:
            yield
        except Failure as failure:
            self._shut_after(failure, headers)
            raise

    def before_page(self, page: Page) -> Page:
        """A page that is answered once somebody is logged in."""

        async def page_behind(request: WebRequest) -> Response:
            with self.guarding(request.headers):
                return await page(request)

        return page_behind

    def _shut_after(self, failure: Failure, headers: Mapping[str, str]) -> None:
        """Look again whether anybody is logged in, where a request has found nobody."""
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
