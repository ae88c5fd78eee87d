"""Every request has one record, whoever serves it and however it ends."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from passenger.exchange import Exchange, Outcome
from passenger.gateway.recorder import Recorder
from passenger.server.guard import Guard
from passenger.server.http.refusals import NOT_HTTP
from passenger.server.post_routes import PostRoutes
from passenger.server.request_path import RequestPath
from passenger.server.scope import begin, exchange_of, header
from passenger.simulator import Fault
from tests.proxy import eventually
from tests.server.bench import HEAD, Bench, asking, bench
from tests.server.line import Client

SERVED = [
    ("GET", "/health", {}, 200, "anyone"),
    ("GET", "/v1/models", {}, 200, "anyone"),
    ("GET", "/v1/nowhere", {}, 404, "anyone"),
    ("GET", "/v1/chat/completions", {}, 405, "anyone"),
    ("GET", "/health", {"Host": "evil.example"}, 421, "nobody"),
    ("GET", "/health", {"Origin": "http://evil.example"}, 403, "nobody"),
    ("OPTIONS", "/v1/messages", {}, 405, "anyone"),
    ("POST", "/v1/embeddings", {"Content-Type": "text/plain"}, 415, "anyone"),
    ("POST", "/v1/messages", {"Content-Type": "application/json"}, 400, "anyone"),
    ("POST", "/page/leave", {}, 403, "anyone"),
    ("GET", "/v1/models/no-such-model", {}, 404, "anyone"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    environ = {"PASSENGER_LOG": "debug", "PASSENGER_LOG_FORMAT": "json"}
    async with bench(Path(tmp_path_factory.mktemp("recording")), env=environ) as one:
        yield one


def told_of(own: Bench, agent: str) -> list[dict[str, Any]]:
    """The lines of the requests of a program; the guard's own are none."""
    lines = [json.loads(line) for line in own.proxy.logged(agent)]
    return [line for line in lines if "ms" in line]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path", "headers", "status", "who"), SERVED, ids=lambda value: str(value)[:40])
async def test_each_is_recorded_once(  # noqa: PLR0917 - a row of the table
    own: Bench, method: str, path: str, headers: dict[str, str], status: int, who: str
) -> None:
    agent = f"recorded-{abs(hash((method, path, str(headers))))}"
    data = b"{}" if method == "POST" else None
    answer = await own.send(method, path, headers={"User-Agent": agent, **headers}, data=data)
    assert answer.status == status
    await own.chat("the next one")  # what came before it has been told of by then
    recorded = await eventually(lambda: told_of(own, agent[:17]))
    assert [(line["message"], line.get("who", "anyone")) for line in recorded] == [(f"{method} {path} {status}", who)]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models/no-such-model"), ("POST", "/page/leave")])
async def test_a_page_that_is_refused_has_failed(own: Bench, method: str, path: str) -> None:
    await own.send(method, path, headers={"User-Agent": f"refused-{method}"})
    await own.chat("the next one")
    (line,) = await eventually(lambda: told_of(own, f"refused-{method}"))
    assert (line["level"], line["outcome"]) == ("warning", "failed")
    assert line["error"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_form_that_went_well_is_a_page(own: Bench) -> None:
    headers = {"User-Agent": "sent-a-form", "Origin": own.proxy.url}
    await own.send("POST", "/page/leave", headers=headers, allow_redirects=False)
    await own.chat("the next one")
    (line,) = await eventually(lambda: told_of(own, "sent-a-form"))
    assert (line["message"], line["level"], line.get("outcome")) == ("POST /page/leave 303", "debug", None)


@pytest.mark.asyncio(loop_scope="module")
async def test_who_leaves_while_sending_a_question_is_no_page(own: Bench) -> None:
    wire = await own.dial(f"{HEAD}User-Agent: cut-upload\r\nContent-Length: 100\r\n\r\n{{".encode())
    await own.chat("so that it has been read by then")
    wire.abort()
    (line,) = await eventually(lambda: told_of(own, "cut-upload"))
    assert (line["level"], line["outcome"]) == ("info", "client_gone")
    kept = (await own.get("/v1/passenger/requests")).json()["requests"]
    assert [one["outcome"] for one in kept if one["id"] == line["id"]] == ["client_gone"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_what_upstream_takes_for_a_stream_is_not_our_time(own: Bench, path: str) -> None:
    body = asking("[[drip 0.1]] one two three four", stream=True, max_tokens=100)
    answer = await own.send("POST", path, data=json.dumps(body), headers={"Content-Type": "application/json"})
    kept = (await own.get("/v1/passenger/requests")).json()["requests"]
    (record,) = [one for one in kept if one["id"] == answer.headers["x-request-id"]]
    assert record["overhead_ms"] < record["seconds"] * 1000 / 2


SESSION = "7d0e2a54-6a0c-4b73-9b1f-0d6f3a3c1e11"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", [Fault(), Fault(status=500)], ids=["answered", "refused"])
async def test_it_has_the_ids_that_upstream_gave_it_and_the_session_that_the_client_named(
    own: Bench, fault: Fault
) -> None:
    own.sim.inject(fault)
    answer = await own.post(asking("whose is it?"), {"X-Claude-Code-Session-Id": SESSION})
    kept = (await own.get("/v1/passenger/requests")).json()["requests"]
    (record,) = [one for one in kept if one["id"] == answer.headers["x-request-id"]]
    assert record["session"] == SESSION
    names = ("x-github-request-id", "x-copilot-service-request-id")
    assert record["upstream_ids"] == [answer.headers[name] for name in names]
    line = json.loads(await own.proxy.said(record["id"]))
    assert line["upstream_id"] == answer.headers["x-github-request-id"]
    assert SESSION not in str(line)


def test_a_record_stays_with_its_request() -> None:
    scope: Scope = {"method": "GET", "path": "/x" * 500, "headers": [(b"user-agent", b"curl/8")]}
    exchange = begin(scope, dict(scope["headers"]))
    assert exchange_of(scope) is exchange
    assert (exchange.method, len(exchange.path), exchange.user_agent) == ("GET", 203, b"curl/8")
    assert exchange.principal is None
    assert exchange.time > 1.7e9


@pytest.mark.parametrize(("begun", "outcome"), [(False, Outcome.FAILED), (True, Outcome.BROKEN)])
async def test_a_page_that_fails_by_mistake_has_failed(begun: bool, outcome: Outcome) -> None:
    async def fails(_scope: Scope, _receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200})
        raise RuntimeError("a mistake")

    told, client = list[Exchange](), Client()
    client.send("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
    (stream,) = client.streams
    recorder = Recorder([told.append])
    with pytest.raises(RuntimeError, match="a mistake"):
        await RequestPath(Guard(), recorder, PostRoutes({}, {}, {}), Router([Mount("/", fails)]))(stream)
    recorder.flush()
    (exchange,) = told
    assert exchange.outcome is outcome
    assert exchange.failure is not None
    assert exchange.failure.code == "internal_error"


def test_a_request_that_nobody_could_read_is_recorded_without_its_query() -> None:
    told = list[Exchange]()
    path = RequestPath(Guard(), Recorder([told.append]), PostRoutes({}, {}, {}), Router())
    path.record_refused(NOT_HTTP, b"/v1/models?key=made-up")
    (exchange,) = told
    assert (exchange.path, exchange.status, exchange.outcome) == ("/v1/models", 400, Outcome.FAILED)
    assert exchange.failure is not None
    assert exchange.failure.code == "not_http"


# --- headers ----------------------------------------------------------------------------------------------------------


def test_the_first_of_a_name_counts_and_one_that_is_missing_is_empty() -> None:
    scope = {"headers": [(b"host", b"one"), (b"user-agent", b"curl/8"), (b"host", b"two")]}
    assert header(scope, b"host") == b"one"
    assert header(scope, b"user-agent") == b"curl/8"
    assert header(scope, b"upgrade") == b""
