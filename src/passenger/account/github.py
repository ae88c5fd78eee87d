"""GitHub's own endpoints: the token exchange, who is logged in, and the two requests of the device flow."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urljoin

import msgspec

from passenger.account.protocol import (
    CopilotUser,
    EditorHeaders,
    Grant,
    User,
    exchange_headers,
    goes_as_it_is,
    grant_of_login,
    read_admission_failure,
    read_exchange_failure,
    read_grant,
)
from passenger.errors import Failure, Kind
from passenger.net.client import HttpClient
from passenger.net.exceptions import NETWORK_ERRORS
from passenger.net.network_failure import network_failure
from passenger.net.origin import host_of
from passenger.secret import Secret

TIMEOUT = 30.0
"""Seconds that one small request to GitHub may take in all."""

ANSWER_LIMIT = 1024 * 1024

_NO_API = "GitHub exchanges no token of this kind, and [copilot] api_base_url names no API that takes it as it is"

NOT_EXCHANGED = 404
"""GitHub's answer for a login of an app that may not exchange, such as gh's and opencode's (docs/upstream.md)."""


class GitHub:
    """GitHub over HTTP. `token_url` exchanges tokens; its origin also tells who is logged in.

    `api` is the Copilot API that may get the login itself, if known. It is asked if GitHub does not exchange the login,
    or instead of an exchange if `exchanges` is false or no token of that kind is exchanged.
    """

    def __init__(
        self, http: HttpClient, token_url: str, editor: EditorHeaders, *, api: str | None = None, exchanges: bool = True
    ) -> None:
        self._http = http
        self._token_url = token_url
        self._editor = editor
        self._api = api
        self._exchanges = exchanges

    async def exchange(self, login: Secret) -> Grant:
        """A Copilot token for this login, or the login itself where Copilot takes it as it is.

        Raises:
            Failure: GitHub cannot be reached, or gives none; the message says what to do.
        """
        if goes_as_it_is(login) and self._api is None:
            raise Failure(Kind.LOGIN, _NO_API, code="login_needed")
        if self._api is not None and (not self._exchanges or goes_as_it_is(login)):
            return await self._ask_copilot(login, self._api)
        status, headers, body = await self._get(self._token_url, login)
        if status == NOT_EXCHANGED and self._api is not None:
            return await self._ask_copilot(login, self._api)
        if status != 200:
            raise read_exchange_failure(status, headers, body)
        return read_grant(body, headers)

    async def _ask_copilot(self, login: Secret, api: str) -> Grant:
        """The login itself, if Copilot accepts it for its list of models, which is free."""
        headers = {**self._editor.headers(), "Authorization": f"Bearer {login.reveal()}", "Accept": "application/json"}
        status, told, body = await self._request("GET", f"{api}/models", headers)
        if status != 200:
            raise read_admission_failure(status, told, body)
        return grant_of_login(login, api)

    async def user(self, login: Secret) -> User:
        """The user of a login."""
        return _decode(await self._get(self._url("/user"), login), User)

    async def copilot_user(self, login: Secret) -> CopilotUser:
        """The seat of the account."""
        return _decode(await self._get(self._url("/copilot_internal/user"), login), CopilotUser)

    async def post(self, url: str, form: Mapping[str, str]) -> bytes:
        """The answer to a request of the device flow, whatever its status: the body tells.

        Raises:
            Failure: the network failed.
        """
        headers = {"Accept": "application/json", "User-Agent": self._editor.user_agent}
        _, _, body = await self._request("POST", url, headers, msgspec.json.encode(form))
        return body

    def _url(self, path: str) -> str:
        return urljoin(self._token_url, path)

    async def _get(self, url: str, login: Secret) -> tuple[int, dict[str, str], bytes]:
        return await self._request("GET", url, exchange_headers(self._editor, login))

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        if body:
            headers = {**headers, "Content-Type": "application/json"}
        try:
            async with asyncio.timeout(TIMEOUT):
                with await self._http.request(method, url, headers, body) as response:
                    content = await response.read(ANSWER_LIMIT)
                    return response.status, dict(response.headers), content
        except NETWORK_ERRORS as error:
            raise network_failure(error, host_of(url), Kind.UNAVAILABLE) from error


_Answer = tuple[int, dict[str, str], bytes]
_T = TypeVar("_T", bound=msgspec.Struct)


def _decode(answer: _Answer, shape: type[_T]) -> _T:
    status, _, body = answer
    if status != 200:
        raise Failure(Kind.UPSTREAM, f"GitHub answered {status}")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(Kind.UPSTREAM, f"GitHub answered something else: {error}") from error
