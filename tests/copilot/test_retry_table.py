"""The table of what is ever tried again, row by row and without a socket: what was sent, by which token, how often."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from passenger.account.session import Session
from passenger.account.token import Access
from passenger.copilot.call import Call, Operation
from passenger.copilot.upstream import Copilot
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.net.client import HttpClient, Prepared
from passenger.net.egress import Egress
from passenger.net.exceptions import (
    BrokenConnectionError,
    DisconnectedError,
    Hop,
    IncompleteBodyError,
    ProxyRefusedError,
    StaleConnectionError,
    UnconnectedError,
)
from passenger.net.origin import split_url
from passenger.net.response import HttpResponse
from passenger.secret import Secret

CALL = Call(Operation.CHAT, "/chat/completions", b"{}", seat="own", model="m")
HOP = Hop("TCP", "api.test")
REFUSED, SLOW = UnconnectedError(HOP, ConnectionRefusedError()), UnconnectedError(HOP, TimeoutError())
BY_PROXY = UnconnectedError(HOP, ProxyRefusedError(407, "no"))


class Answer:
    """A response of this status and nothing else."""

    host = "api.test"
    headers: Sequence[tuple[str, str]] = ()
    waited = 0.0

    def __init__(self, status: int) -> None:
        self.status = status
        self.is_closed = False

    def header(self, _name: str) -> str:
        return ""

    async def read(self, _most: int, _within: float) -> bytes:
        return b"{}"

    def close(self) -> None:
        self.is_closed = True


@dataclass
class Net:
    """A network that answers so, one request after the other."""

    script: list[int | Exception]
    tokens: list[str] = field(default_factory=list)
    fresh: list[bool] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def prepare(self, method: str, url: str, headers: dict[str, str]) -> Prepared:
        return Prepared(
            method, split_url(url), Egress().way("https", "api.test", 443), headers["Authorization"].encode()
        )

    async def send(self, request: Prepared, _body: bytes, *, fresh: bool, **_more: object) -> HttpResponse:
        self.tokens.append(request.head.decode().removeprefix("Bearer "))
        self.fresh.append(fresh)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.answers.append(Answer(answer))
        return cast("HttpResponse", self.answers[-1])


@dataclass
class Tokens:
    """A session whose tokens are `1`, `2` and so on; it tells what it is told of them."""

    at: int = 1
    waits: bool = False
    renewable: bool = True
    told: list[str] = field(default_factory=list)
    log_in = "log in"

    def current_access(self) -> Access | None:
        return None if self.waits else self._access()

    async def access(self) -> Access:
        self.told.append("waited")
        return self._access()

    async def renew(self, refused: Access) -> Access:
        assert refused.bearer.reveal() == str(self.at)
        if not self.renewable:
            raise Failure(Kind.LOGIN, "no more", code="login_needed")
        self.at += 1
        return self._access()

    def accept(self, used: Access) -> None:
        self.told.append(f"accepted {used.bearer.reveal()}")

    def reject(self, refused: Access) -> None:
        self.told.append(f"rejected {refused.bearer.reveal()}")

    def seconds_left(self, _access: Access) -> float | None:
        return None

    def _access(self) -> Access:
        return Access(Secret(str(self.at)), "https://api.test", {})


async def sent(tokens: Tokens, *script: int | Exception) -> tuple[Net, Exchange, Failure | None]:
    """What a call has become of, on a network of this script; all answers but one that is given are closed."""
    net, exchange = Net([*script]), Exchange("POST", "/v1/chat/completions")
    failure = None
    try:
        reply = await Copilot(cast("Session", tokens), cast("HttpClient", net)).send(CALL, exchange)
        reply.close()
    except Failure as found:
        failure = found
    assert not net.script, "not all of the script was played"
    assert all(answer.is_closed for answer in net.answers[:-1])
    return net, exchange, failure


ROWS: list[tuple[list[int | Exception], str, list[str], list[str], str | int | None]] = [
    # the network's script                 the tokens that were sent, what is noted, what the session hears, the failure
    ([200], "1", [], ["accepted 1"], None),
    ([201], "1", [], ["accepted 1"], None),
    ([401, 200], "12", ["401"], ["accepted 2"], None),
    ([421, 200], "12", ["421"], ["accepted 2"], None),
    ([401, 401], "12", ["401"], ["rejected 2"], 401),
    ([421, 421], "12", ["421"], ["accepted 2"], 421),
    ([401, 429], "12", ["401"], ["accepted 2"], 429),
    ([400], "1", [], ["accepted 1"], 400),
    ([403], "1", [], ["accepted 1"], 403),
    ([429], "1", [], ["accepted 1"], 429),
    ([500], "1", [], ["accepted 1"], 500),
    ([503], "1", [], ["accepted 1"], 503),
    ([302], "1", [], ["accepted 1"], "upstream_redirect"),
    ([REFUSED, 200], "11", ["connect"], ["accepted 1"], None),
    ([REFUSED, REFUSED], "11", ["connect"], [], "upstream_unreachable"),
    ([SLOW], "1", [], [], "upstream_timeout"),
    ([BY_PROXY], "1", [], [], "upstream_unreachable"),
    ([StaleConnectionError(), 200], "11", ["stale connection"], ["accepted 1"], None),
    ([StaleConnectionError(), StaleConnectionError()], "11", ["stale connection"], [], "upstream_disconnected"),
    ([StaleConnectionError(), 401, 200], "112", ["stale connection", "401"], ["accepted 2"], None),
    ([401, StaleConnectionError(), 200], "122", ["401", "stale connection"], ["accepted 2"], None),
    ([401, REFUSED, REFUSED], "122", ["401", "connect"], [], "upstream_unreachable"),
    ([DisconnectedError()], "1", [], [], "upstream_disconnected"),
    ([BrokenConnectionError("reset")], "1", [], [], "upstream_disconnected"),
    ([IncompleteBodyError()], "1", [], [], "stream_broken"),
    ([TimeoutError()], "1", [], [], "upstream_timeout"),
]


@pytest.mark.proves("promise 10")
@pytest.mark.parametrize(("script", "tokens", "retries", "heard", "failed"), ROWS, ids=lambda value: repr(value)[:40])
async def test_nothing_is_tried_again_but_what_the_table_says(
    script: list[int | Exception], tokens: str, retries: list[str], heard: list[str], failed: str | int | None
) -> None:
    session = Tokens()
    net, exchange, failure = await sent(session, *script)
    assert net.tokens == [*tokens]
    assert (exchange.attempts, exchange.retries, session.told) == (len(tokens), retries, heard)
    assert net.fresh == [at > 0 and isinstance(script[at - 1], Exception) for at in range(len(tokens))]
    if failure is None:
        assert failed is None
    else:
        assert failed in (failure.code, failure.status)


async def test_a_token_is_waited_for_only_where_there_is_none() -> None:
    for waits, heard in ((False, ["accepted 1"]), (True, ["waited", "accepted 1"])):
        session = Tokens(waits=waits)
        await sent(session, 200)
        assert session.told == heard


async def test_a_token_that_cannot_be_renewed_is_the_failure() -> None:
    net, exchange, failure = await sent(Tokens(renewable=False), 401)
    assert failure is not None
    assert (failure.code, net.tokens, exchange.retries) == ("login_needed", ["1"], ["401"])


async def test_a_head_is_made_once_for_a_token_and_the_facts_of_a_call() -> None:
    made: list[str] = []

    class Counted(Net):
        def prepare(self, method: str, url: str, headers: dict[str, str]) -> Prepared:
            made.append(f"{headers['Authorization']} {headers['Accept']} {headers.get('x', '')}")
            return super().prepare(method, url, headers)

    session = Tokens()
    access = [Access(Secret(name), "https://api.test", {}) for name in "ab"]
    session.current_access = lambda: access[0]  # type: ignore[method-assign]  # the same one each time, as a session gives it
    copilot = Copilot(cast("Session", session), cast("HttpClient", Counted([200] * 200)))

    async def ask(**facts: object) -> None:
        (await copilot.send(Call(Operation.CHAT, "/c", **facts), Exchange("POST", "/"))).close()  # type: ignore[arg-type]  # facts of a call

    for _ in range(2):
        await ask()
        await ask(stream=True)
        await ask(headers={"x": "1"})
    assert made == ["Bearer a application/json ", "Bearer a text/event-stream ", "Bearer a application/json 1"]
    access.pop(0)
    await ask()
    assert made[3:] == ["Bearer b application/json "]
    for number in range(100):  # whatever clients name, what is kept stays small
        await ask(headers={"x": str(number)})
    assert len(copilot._heads._made) <= 64
