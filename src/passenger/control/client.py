"""Our own commands' way to a running server: who answers at an address, and what it tells.

A key or a prompt goes only to a server that has proved to be the user's own, on the very connection on which it has:
the next one may be another program's. No proxy is used: the address is this machine's, or one that the user has named.
"""

import http.client
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import msgspec

from passenger.control.cards import ModelCard, ModelList
from passenger.control.hello import Hello
from passenger.control.introduction import PATIENCE, NotIntroducedError, introduce
from passenger.control.ports import holder_of
from passenger.control.records import RequestList, RequestRecord
from passenger.control.status import Status
from passenger.secret import Secret

ANSWERING = 120.0
"""Seconds that a server may be silent: a list of models may have to be fetched first."""

ADDRESSES = 4
"""Addresses of a name that are asked."""

MOST = 16 * 1024 * 1024
"""Bytes of an answer that are read."""

T = TypeVar("T")
Resolve = Callable[[str, int], Sequence[str]]
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
    secret: bytes | None = field(default=None, repr=False)
    """What it proves with on each connection that it is the user's own; where it is None, nothing is proved."""

    @property
    def url(self) -> str:
        """Its address, without `/v1`."""
        return f"http://{self.authority}"

    @property
    def authority(self) -> str:
        """Its host and port, as a URL has them."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

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
        """A connection to it, which is never made anew behind our back.

        Raises:
            OSError: there is none, or what answers there is the user's own server no more.
            http.client.HTTPException: what answers does not speak HTTP.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        connection.sock = self._proven(timeout) if self.secret else _connected(self, timeout)
        connection.auto_open = 0
        return connection

    def _proven(self, timeout: float) -> socket.socket:
        """A new connection on which the server has just proved that it is the user's own."""
        connected = _connected(self, PATIENCE)
        try:
            self._check(connected)
            connected.settimeout(timeout)
        except BaseException:
            connected.close()
            raise
        return connected

    def _check(self, connected: socket.socket) -> None:
        try:
            met = introduce(connected, self.authority, self.secret)
        except NotIntroducedError as error:
            raise ConnectionAbortedError("another program is there by now") from error
        if not met.is_ours:
            raise ConnectionAbortedError("another program is there by now")
        if not met.is_kept:
            raise ConnectionAbortedError("it is about to stop")

    def headers(self) -> dict[str, str]:
        """The headers that show it our key."""
        return {"authorization": f"Bearer {self.key.reveal()}"} if self.key else {}

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Post JSON, and read the whole answer: its status and body."""
        sent = {"content-type": "application/json", **self.headers(), **(headers or {})}
        return self._ask("POST", path, json.dumps(body).encode(), sent)

    def _get(self, path: str, shape: type[T]) -> T:
        status, body = self._ask("GET", path, None, self.headers())
        if status != 200:
            raise ServerError(
                f"{self.url}{path.partition('?')[0]} answered {status}: {_said(body)}", status, _code(body)
            )
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.MsgspecError as error:
            raise ServerError(f"{self.url} is of another version of Passenger: restart it ({error})") from error

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = None
        try:
            connection = self.connect()
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read(MOST)
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"{self.url} does not answer: {str(error) or type(error).__name__}") from error
        finally:
            if connection is not None:
                connection.close()


def _connected(server: Server, timeout: float) -> socket.socket:
    connected = socket.create_connection((server.host, server.port), timeout)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, each once; none where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))[:ADDRESSES]


def find(
    host: str, port: int, secret: bytes | None, key: Secret | None = None, resolve: Resolve = addresses_of
) -> Found:
    """Who listens there. Only a server that is ours is given the key.

    All addresses of a name are asked, and what is found has the one that answered: at another a stranger may listen.
    """
    named, met = Server(reachable(host), port), list[Found]()
    for address in resolve(named.host, port):
        met.append(_meet(Server(address, port), secret))
        if met[-1].state == "ours":
            return replace(met[-1], server=replace(met[-1].server, key=key))
    strangers = [found for found in met if found.state != "nothing"]
    nearest = min(strangers, key=lambda found: found.hello is None, default=None)
    return replace(nearest, holder=holder_of(port)) if nearest else Found("nothing", named)


def _meet(server: Server, secret: bytes | None) -> Found:
    """Who listens at one address; nobody where there is no way to it, as to `::1` on a machine without IPv6."""
    try:
        connection = _connected(server, PATIENCE)
    except OSError:
        return Found("nothing", server)
    try:
        with connection:
            met = introduce(connection, server.authority, secret)
    except (OSError, http.client.HTTPException, NotIntroducedError):
        return Found("other_program", server)
    if met.is_ours:
        return Found("ours", replace(server, secret=secret), met.hello)
    return Found("other_passenger", server, met.hello)


def reachable(host: str) -> str:
    """The address at which this machine reaches what listens on all of its addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - is not listened on


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
