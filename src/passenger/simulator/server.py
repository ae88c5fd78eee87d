"""The simulator as a whole: one server that stands for github.com, api.github.com and the Copilot API.

Everything a test may ask or change is an attribute or a method of `Simulator`.
"""

import asyncio
import errno
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from passenger.simulator.account import LOGIN_TOKEN, Account, Unit
from passenger.simulator.bill import Bill
from passenger.simulator.catalogue import Catalogue
from passenger.simulator.connection import Connection, Desk
from passenger.simulator.copilot import orders
from passenger.simulator.device import DeviceFlow
from passenger.simulator.faults import NONE, Fault, Faults, UsageShown, fault_of
from passenger.simulator.github import DEVICE_CODE, EXCHANGE, OAUTH_TOKEN, PATHS
from passenger.simulator.messages import api as messages
from passenger.simulator.messages.errors import PASSED_ON
from passenger.simulator.people import People
from passenger.simulator.recorded import Recorded
from passenger.simulator.refusals import EXPIRED, by_code, by_status, unicorn
from passenger.simulator.reply import JSON_TYPE, TEXT_TYPE, UNMETERED, Fields, Reply, go_json

CREATED = 1_790_000_000  # `created` of every answer: a fixed moment, so that answers are always the same
PORT_TRIES = 16

BILL = "/simulator/bill"
"""Where the bill of each account is asked for, without credentials."""

READABLE = 0.04
"""A `pace` at which a person sees an answer grow."""


class Simulator:
    """GitHub and GitHub Copilot on loopback, for one account or several; an async context manager.

    Times are seconds. `device_interval` is what GitHub asks of a login's polls, `approve_after` how many of them are
    told to wait, `login` is the user's name (what one login was given, another cannot send back), `latency` is added
    before the headers of every answer, `pace` between two events of a stream (READABLE where a person watches), `clock`
    is the wall's time that tokens expire by, `created` and `seed` go into every answer, only the last `keep` requests
    are remembered, `speaks` gives models, by id, other endpoints, and without `exchange` no login is exchanged, as at
    a company with data residency. The account pays by `unit`, of which it has `entitlement` a month (None: what its
    plan includes), and `copilot_usage` says how answers tell what they cost; all three may be changed at `account`.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        token_lifetime: int = 1800,
        refresh_in: int = 1500,
        plan: str = "individual",
        login: str = "octo-simulated",
        device_interval: float = 5.0,
        device_lifetime: float = 899,
        approve_after: int = 2,
        latency: float = 0.0,
        pace: float = 0.0,
        clock: Callable[[], float] = time.time,
        created: int = CREATED,
        seed: int = 0,
        keep: int = 10_000,
        speaks: Mapping[str, Sequence[str]] | None = None,
        exchange: bool = True,
        unit: Unit = "premium_requests",
        copilot_usage: UsageShown = "exact",
        entitlement: float | None = None,
    ) -> None:
        self.requests: list[Recorded] = []
        self.exchanges = 0
        self.account = Account(clock, token_lifetime, refresh_in, plan, login)
        self.account.unit, self.account.copilot_usage, self.account.own_entitlement = unit, copilot_usage, entitlement
        self.account.bill.keep = keep
        self.device = DeviceFlow("", device_interval, approve_after, device_lifetime)
        self.faults = Faults()
        self._cues: dict[str, str] = {}
        self._where = (host, port)
        self._keep = keep
        self._people = People(self.device, Catalogue(speaks), created, seed, self._cues, exchange)
        _, self._github, self._copilot = self._people.move_in(self.account)
        self._desk = Desk(self._answer, self._record, latency, pace)
        self._servers: list[asyncio.Server] = []

    def add_account(self, login: str, *, plan: str = "individual") -> Account:
        """Another account, with its own seat, tokens, quota and bill; the device page asks which one is logged in."""
        first = self.account
        account = Account(
            first.clock, first.token_lifetime, first.refresh_in, plan, login, number=len(self._people.people) + 1
        )
        account.url, account.api_url, account.bill.keep = first.url, first.api_url, self._keep
        account.unit, account.copilot_usage = first.unit, first.copilot_usage
        self._people.move_in(account)
        return account

    @property
    def url(self) -> str:
        """The address of everything, without a slash at its end."""
        return self.account.url

    @property
    def api_url(self) -> str:
        """The Copilot API as token answers name it."""
        return self.account.api_url

    @property
    def login_token(self) -> str:
        """The GitHub token that a login gives and the exchange takes."""
        return LOGIN_TOKEN

    @property
    def bill(self) -> Bill:
        """What the account owes so far, and for what."""
        return self.account.bill

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._desk.connections)

    @property
    def active(self) -> int:
        """How many requests are being answered now."""
        return len(self._desk.active)

    def config_toml(self) -> str:
        """A configuration that points a proxy here; the Copilot API's address comes with the token."""
        return config_toml(self.url)

    def seen(self, path: str) -> list[Recorded]:
        """The requests to that path (without its query), oldest first."""
        return [request for request in self.requests if request.route == path]

    def inject(self, fault: Fault, path: str | None = "/chat/completions", times: int | None = 1) -> None:
        """Let a fault meet the next `times` requests to `path`; None for any path, None for until it is cleared."""
        self.faults.add(fault, path, times)

    def clear(self) -> None:
        """Forget the faults that still wait."""
        self.faults.clear()

    def cue(self, words: str, directives: str) -> None:
        """Let a user's text with these words in it be obeyed as if the directives stood in it, too."""
        self._cues[words] = directives

    def revoke_tokens(self) -> None:
        """Let every Copilot token made so far be expired."""
        self.account.revoke_tokens()

    def revoke_login(self) -> None:
        """Let GitHub not know the login any more."""
        self.account.login_revoked = True

    def move_seat(self, api_host: str = "localhost") -> None:
        """Move the Copilot API to another host: tokens made before are answered 421, new ones name the new host."""
        self.account.api_url = f"http://{api_host}:{self._where[1]}"

    def mint(self) -> dict[str, Any]:
        """A token answer as the exchange gives it, without a request: for tests that start with a token."""
        return self._github.exchange_body()

    def approve(self, login: str = "") -> None:
        """Let the user have said yes to every login; `login` says which one, where there are several accounts."""
        self.device.outcome, self.device.login = "approved", login

    def deny(self) -> None:
        """Let the user have said no to every login."""
        self.device.outcome = "denied"

    async def closed(self, request: Recorded, timeout: float = 5) -> None:  # noqa: ASYNC109 - part of what it promises
        """Wait until a request's answer is finished or its client is gone; raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while request.finished is None and request.closed is None:
                await self._desk.changed.wait()

    async def __aenter__(self) -> Self:
        host, port = self._where
        for attempt in range(PORT_TRIES):
            try:
                await self._listen(host, port)
                break
            except OSError as error:
                await self._close()
                if port or error.errno != errno.EADDRINUSE or attempt == PORT_TRIES - 1:
                    raise
        self._where = (host, self._servers[0].sockets[0].getsockname()[1])
        name = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - recognised, not bound to
        self.device.url = f"http://{name}:{self._where[1]}"
        for person in self._people.people:
            person.account.url = person.account.api_url = self.device.url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close()
        if error is None and self._desk.errors:  # a mistake of the simulator's own, not of its client
            raise self._desk.errors[0]

    async def _listen(self, host: str, port: int) -> None:
        """Listen on the host; with 127.0.0.1 on ::1 too, where there is one, so that `localhost` is always us."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self._connect, host, port))
        if host != "127.0.0.1":
            return
        port = self._servers[0].sockets[0].getsockname()[1]
        try:
            self._servers.append(await loop.create_server(self._connect, "::1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        await asyncio.gather(*[connection.drop() for connection in self._desk.connections])
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()

    def _connect(self) -> Connection:
        return Connection(self._desk)

    def _record(self, request: Recorded) -> None:
        self.requests.append(request)
        if len(self.requests) > self._keep:
            del self.requests[0]

    def _answer(self, request: Recorded) -> tuple[Reply, Fault]:
        if request.route == BILL:
            return self._tell_bill(), NONE
        fault = self.faults.take(request.route, reused=request.reused).over(fault_of(orders(request, self._cues)))
        reply = self._preempted(request, fault) or self._by_path(request, fault)
        if fault.body is not None:
            reply = _with_body(reply, fault.body)
        if request.route == EXCHANGE and reply.status == 200:
            self.exchanges += 1
        return _with_headers(reply, fault), fault

    def _tell_bill(self) -> Reply:
        accounts = [person.account for person in self._people.people]
        told = [{"login": one.login, "plan": one.plan, "unit": one.unit} | one.bill.as_json() for one in accounts]
        return Reply(200, (("content-type", JSON_TYPE), ("cache-control", "no-store")), go_json({"accounts": told}))

    def _by_path(self, request: Recorded, fault: Fault) -> Reply:
        asker = self._people.asker(request)
        if request.route in PATHS:
            return asker.github.answer(request)
        return asker.copilot.answer(request, fault)

    def _preempted(self, request: Recorded, fault: Fault) -> Reply | None:
        """The answer of a fault that lets nobody else answer."""
        if fault is NONE:
            return None
        github = request.route in PATHS
        headers = self._github.headers() if github else self._copilot.headers(request)
        match fault:
            case Fault(redirect=str(target), status=status):
                return Reply(status or 307, (("location", target), *headers))
            case Fault(expired=True):
                return EXPIRED.reply(headers)
            case Fault(html=True):
                return unicorn(502, headers)
            case Fault(code=code, status=status) if github and (code or status not in {None, 200}):
                return self._github.refuse(status, code)
            case Fault(code=str(code), status=status):
                found = by_code(code)
                return replace(found, status=status or found.status).reply(headers)
            case Fault(status=int(status), body=body) if status != 200 or body is not None:
                return _by_status(request, status, headers)
            case _:
                return None


def _by_status(request: Recorded, status: int, headers: Fields) -> Reply:
    if request.route == messages.PATH and status in PASSED_ON:
        return PASSED_ON[status].reply(headers)
    return by_status(status, headers)


def _with_body(reply: Reply, body: bytes | str) -> Reply:
    raw = body.encode() if isinstance(body, str) else body
    return replace(reply, body=raw, events=None, meter=UNMETERED).typed(
        JSON_TYPE if raw[:1] in {b"{", b"["} else TEXT_TYPE
    )


def _with_headers(reply: Reply, fault: Fault) -> Reply:
    if not fault.headers:
        return reply
    names = {name.lower() for name in fault.headers}
    kept: Fields = tuple(field for field in reply.headers if field[0].lower() not in names)
    return replace(reply, headers=(*kept, *fault.headers.items()))


def config_toml(url: str) -> str:
    """A configuration that points a proxy to a simulator at that address."""
    return (
        "[github]\n"
        f'device_code_url = "{url}{DEVICE_CODE}"\n'
        f'oauth_token_url = "{url}{OAUTH_TOKEN}"\n'
        f'copilot_token_url = "{url}{EXCHANGE}"\n'
    )
