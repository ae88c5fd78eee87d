"""The client by which our own commands talk to a running server.

A key or a prompt is only sent to a server that has proved to be the user's own on that very connection: the next one
may reach another program. No proxy is used.
"""

import http.client
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar
from urllib.parse import quote

import msgspec

from passenger.copilot.model_cards import ModelCard, ModelList
from passenger.observe.records import RequestList, RequestRecord
from passenger.secret import Secret
from passenger.server.control.handshake import PATIENCE, Hello, NotIntroducedError, introduce
from passenger.server.control.status import Resumed, ServerStatus
from passenger.server.process.listen import holder_of

ANSWERING = 120.0
"""Seconds that a server may take to answer: it may have to fetch a list of models first."""

ADDRESSES = 4
"""Maximum number of addresses of a name that are tried."""

MOST = 16 * 1024 * 1024
"""Maximum bytes of an answer."""

T = TypeVar("T")
Resolve = Callable[[str, int], Sequence[str]]
ServerState = Literal["ours", "other_passenger", "other_program", "nothing"]


class ServerError(Exception):
    """A server gave no usable answer; the message quotes it."""

    def __init__(self, message: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Found:
    """Who answers at an address: the user's own server, another Passenger, another program, or nobody."""

    state: ServerState
    server: "RunningServer"
    hello: Hello | None = None
    holder: str | None = None
    """The process that listens there, where the system shows it."""


@dataclass(frozen=True)
class RunningServer:
    """A server at an address, and the key for it if it needs one."""

    host: str
    port: int
    key: Secret | None = None
    secret: bytes | None = field(default=None, repr=False)
    """The secret by which it proves on each connection that it is the user's own; None skips that."""

    @property
    def url(self) -> str:
        """Its address, without `/v1`."""
        return f"http://{self.authority}"

    @property
    def authority(self) -> str:
        """Its host and port, as a URL has them."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def status(self) -> ServerStatus:
        """Its status."""
        return self._get("/v1/passenger/status", ServerStatus)

    def models(self) -> Sequence[ModelCard]:
        """The account's models, those included that a policy hides."""
        return self._get("/v1/passenger/models", ModelList).models

    def requests(self, since: float | None = None) -> Sequence[RequestRecord]:
        """The last finished requests, oldest first; only those after the Unix time `since`, if given."""
        query = "" if since is None else f"?since={since!r}"
        return self._get(f"/v1/passenger/requests{query}", RequestList).requests

    def resume(self, session: str) -> Sequence[str]:
        """Let a paused session go on, by its id or the client's name for it; gives the ids of those that do."""
        path = f"/v1/passenger/sessions/{quote(session, safe='')}/resume"
        return self._read(path, *self.post(path, {}), Resumed).sessions

    def connect(self, timeout: float = ANSWERING) -> http.client.HTTPConnection:
        """A new connection, which is not reopened automatically.

        Raises:
            OSError: it failed, or what answers is no longer the user's own server.
            http.client.HTTPException: what answers does not speak HTTP.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        connection.sock = self._connect_proven(timeout) if self.secret else _connect(self, timeout)
        connection.auto_open = 0
        return connection

    def _connect_proven(self, timeout: float) -> socket.socket:
        """A new connection on which the server has just proved that it is the user's own."""
        connected = _connect(self, PATIENCE)
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
        """The headers with our key."""
        return {"authorization": f"Bearer {self.key.reveal()}"} if self.key else {}

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Post JSON, and read the whole answer: its status and body."""
        sent = {"content-type": "application/json", **self.headers(), **(headers or {})}
        return self._request("POST", path, json.dumps(body).encode(), sent)

    def _get(self, path: str, shape: type[T]) -> T:
        return self._read(path, *self._request("GET", path, None, self.headers()), shape)

    def _read(self, path: str, status: int, body: bytes, shape: type[T]) -> T:
        if status != 200:
            said = _error_of(body, "message") or body[:200].decode("utf-8", "replace")
            message = f"{self.url}{path.partition('?')[0]} answered {status}: {said}"
            raise ServerError(message, status, _error_of(body, "code"))
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.MsgspecError as error:
            raise ServerError(f"{self.url} is of another version of Passenger: restart it ({error})") from error

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
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


def _connect(server: RunningServer, timeout: float) -> socket.socket:
    connected = socket.create_connection((server.host, server.port), timeout)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, each once; none if it cannot be resolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))[:ADDRESSES]


def find_server(
    host: str, port: int, secret: bytes | None, key: Secret | None = None, resolve: Resolve = addresses_of
) -> Found:
    """Find out who listens at a host and port. Only a server of the user's own gets the key.

    All addresses of a name are tried; the result has the one that answered, as another program may listen at another.
    """
    named, met = RunningServer(reachable(host), port), list[Found]()
    for address in resolve(named.host, port):
        met.append(_identify(RunningServer(address, port), secret))
        if met[-1].state == "ours":
            return replace(met[-1], server=replace(met[-1].server, key=key))
    strangers = [found for found in met if found.state != "nothing"]
    nearest = min(strangers, key=lambda found: found.hello is None, default=None)
    return replace(nearest, holder=holder_of(port)) if nearest else Found("nothing", named)


def _identify(server: RunningServer, secret: bytes | None) -> Found:
    """Find out who listens at one address; nobody if it cannot be reached, as `::1` on a machine without IPv6."""
    try:
        connection = _connect(server, PATIENCE)
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
    """The address by which this machine reaches a server that listens on all addresses."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - is not listened on


def _error_of(body: bytes, name: str) -> str | None:
    """A field of an error answer, None if it has none."""
    try:
        return str(json.loads(body)["error"][name])
    except (ValueError, KeyError, TypeError):
        return None
