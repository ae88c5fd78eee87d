"""Our own commands' way to a running server: who answers at an address, and what it tells.

A key or a prompt goes only to a server that has proved to be the user's own. No proxy is used: the address is this
machine's, or one that the user has named.
"""

import http.client
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from passenger.control.cards import ModelCard, ModelList
from passenger.control.hello import Hello, is_signed
from passenger.control.ports import holder_of
from passenger.control.records import RequestList, RequestRecord
from passenger.control.status import Status
from passenger.secret import Secret

PATIENCE = 3.0
"""Seconds that a server may take to say hello."""

ANSWERING = 120.0
"""Seconds that it may take for anything else: a list of models may have to be fetched first."""

MOST = 16 * 1024 * 1024
"""Bytes of an answer that are read."""

T = TypeVar("T")
State = Literal["ours", "other_passenger", "other_program", "nothing"]


class ServerError(Exception):
    """A server has not answered as it should; the message says what it said."""

    def __init__(self, message: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Found:
    """Who answers at an address: the user's own server, another Passenger, another program, or nobody."""

    state: State
    server: "Server"
    hello: Hello | None = None
    holder: str | None = None
    """The process that listens there, where the system shows it."""


@dataclass(frozen=True)
class Server:
    """A server at an address, and the key that it is shown where it needs one."""

    host: str
    port: int
    key: Secret | None = None

    @property
    def url(self) -> str:
        """Its address, without `/v1`."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def status(self) -> Status:
        """What it tells of itself."""
        return self._get("/v1/passenger/status", Status)

    def models(self) -> Sequence[ModelCard]:
        """The account's models, those included that a policy hides."""
        return self._get("/v1/passenger/models", ModelList).models

    def requests(self, since: float | None = None) -> Sequence[RequestRecord]:
        """The last finished requests, the oldest first; those alone that ended after a Unix time."""
        query = "" if since is None else f"?since={since!r}"
        return self._get(f"/v1/passenger/requests{query}", RequestList).requests

    def connect(self, timeout: float = ANSWERING) -> http.client.HTTPConnection:
        """A connection to it, for what streams."""
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def headers(self) -> dict[str, str]:
        """The headers that show it our key."""
        return {"authorization": f"Bearer {self.key.reveal()}"} if self.key else {}

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Post JSON, and read the whole answer: its status and body."""
        sent = {"content-type": "application/json", **self.headers(), **(headers or {})}
        return self._ask("POST", path, json.dumps(body).encode(), sent, ANSWERING)

    def _get(self, path: str, shape: type[T]) -> T:
        status, body = self._ask("GET", path, None, self.headers(), ANSWERING)
        if status != 200:
            raise ServerError(
                f"{self.url}{path.partition('?')[0]} answered {status}: {_said(body)}", status, _code(body)
            )
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.MsgspecError as error:
            raise ServerError(f"{self.url} is of another version of Passenger: restart it ({error})") from error

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read(MOST)
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"{self.url} does not answer: {str(error) or type(error).__name__}") from error
        finally:
            connection.close()

    def hello(self, nonce: str) -> tuple[int, bytes]:
        """Ask who it is, without a key."""
        return self._ask("GET", f"/v1/passenger/hello?nonce={nonce}", None, {}, PATIENCE)


def find(host: str, port: int, secret: bytes | None, key: Secret | None = None) -> Found:
    """Who listens there. Only a server that is ours is given the key."""
    stranger = Server(_reachable(host), port)
    nonce = secrets.token_hex(16)
    try:
        status, body = stranger.hello(nonce)
    except ServerError as error:
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        return Found("nothing" if refused else "other_program", stranger, None, None if refused else holder_of(port))
    hello = _read_hello(body) if status == 200 else None
    if hello is None:
        return Found("other_program", stranger, None, holder_of(port))
    if secret is None or not is_signed(secret, nonce, port, hello):
        return Found("other_passenger", stranger, hello, holder_of(port))
    return Found("ours", Server(stranger.host, port, key), hello)


def _reachable(host: str) -> str:
    """The address to ask for what listens on all of a machine's addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - is not listened on


def _read_hello(body: bytes) -> Hello | None:
    try:
        return msgspec.json.decode(body, type=Hello)
    except msgspec.MsgspecError:
        return None


def _code(body: bytes) -> str | None:
    """The code of an error answer, where it has one."""
    try:
        return str(json.loads(body)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _said(body: bytes) -> str:
    """The message of an error answer, or its beginning."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode("utf-8", "replace")
