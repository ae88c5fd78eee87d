"""`passenger status`: a server that runs, and none."""

import asyncio
import json
import socket

import pytest

from passenger.cli.status import facts
from passenger.observe.records import Totals
from passenger.quota.quota import Quota
from passenger.server.control.status import ModelCounts, SeatAccount, ServerStatus
from passenger.simulator import Simulator
from tests.cli.conftest import Command, port_of
from tests.proxy import Proxy


async def test_a_running_server_tells_of_itself(command: Command, proxy: Proxy, simulator: Simulator) -> None:
    ended = await asyncio.to_thread(command, "status", "--port", port_of(proxy))
    assert (ended.code, ended.err) == (0, "")
    assert f"at {proxy.url} (process {proxy.pid})" in ended.out
    assert "none so far" in ended.out
    told = json.loads((await asyncio.to_thread(command, "status", "--json", "--port", port_of(proxy))).out)
    assert set(told) == {"running", "state", "url", "holder", "server"}
    assert (told["running"], told["state"], told["url"]) == (True, "ours", proxy.url)
    assert set(told["server"]) == {
        *("version", "pid", "started", "urls", "workers", "ready", "status", "degraded", "needs_key", "logged_in"),
        *("account", "models", "requests", "paused"),
    }
    assert told["server"]["account"]["login"] in ended.out
    assert set(told["server"]["requests"]) == {
        *("requests", "failed", "input", "cached", "output"),
        *("nano_credits", "premium_thousandths", "unpriced"),
    }


def test_without_a_server_it_says_so_and_the_exit_code_too(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    ended = command("status", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    assert f"no server runs at http://127.0.0.1:{port}; `passenger --port {port}` starts one" in ended.err
    told = command("status", "--json", "--port", port)
    assert (told.code, told.err) == (1, "")
    assert json.loads(told.out) == {
        "running": False,
        "state": "nothing",
        "url": f"http://127.0.0.1:{port}",
        "holder": None,
        "server": None,
    }


PLAIN = {"version": "0.1.0", "pid": 7, "started": 1_000.0, "urls": ["http://127.0.0.1:8081"]}


def told(**fields: object) -> dict[str, str]:
    status = ServerStatus(**{**PLAIN, **fields})  # type: ignore[arg-type]  # what a test gives
    return {
        title: text
        for title, text in facts(status, "http://127.0.0.1:8081", 12_000.0, "run `passenger login --profile work`")
        if text
    }


def test_since_when_and_where_it_runs() -> None:
    assert told()["Passenger"] == "0.1.0 at http://127.0.0.1:8081 (process 7)"
    assert told(workers=3)["Passenger"].endswith("(process 7, 3 workers)")
    assert told()["running since"].endswith(", for 3 h 3 min")


def test_who_is_logged_in() -> None:
    assert told(logged_in=False)["account"] == "nobody is logged in: run `passenger login --profile work`"
    assert told()["account"].startswith("logged in;")
    account = SeatAccount("octocat", "individual", None, renews="2026-12-01")
    assert told(account=account)["account"] == "octocat, Copilot Pro"
    assert told(account=account)["renews"] == "2026-12-01"


@pytest.mark.parametrize(
    ("quota", "text"),
    [
        (Quota("chat", unlimited=True), "chat: unlimited"),
        (
            Quota("premium_interactions", entitlement=300, remaining=292.5, percent_remaining=97.5),
            "premium interactions: 292.5 of 300 left (97.5 %)",
        ),
        (Quota("chat", entitlement=1500, remaining=1200, unit="credits"), "chat: 1,200 of 1,500 credits left"),
        (Quota("chat", entitlement=300, remaining=-12), "chat: 12 more than the 300 there are"),
        (Quota("chat", percent_remaining=12.0), "chat: 12 % left"),
        (Quota("chat"), "chat: unknown"),
    ],
)
def test_quotas(quota: Quota, text: str) -> None:
    assert told(account=SeatAccount(quotas=[quota]))["quota"] == text


def test_what_it_has_done() -> None:
    assert told()["requests"] == "none so far"
    totals = Totals(
        requests=1_042, failed=2, input=1_240_000, cached=1_128_400, output=18_000, nano_credits=31_200_000_000
    )
    assert told(requests=totals)["requests"].split("\n") == [
        "1,042 so far, 2 of them failed",
        "1.24M tokens in (91 % cached), 18k out",
        "31.20 credits ($0.31)",
    ]
    other = Totals(requests=3, premium_thousandths=1_330, unpriced=1)
    assert told(requests=other)["requests"].split("\n")[1:] == ["1.33 premium requests", "1 request of unknown cost"]


def test_what_is_wrong_is_told() -> None:
    assert told(status="degraded", degraded={"token": "in memory"})["state"] == "degraded\ntoken: in memory"
    assert told(needs_key=True)["API key"] == "needed"
    assert told(models=ModelCounts(33, 3, 1))["models"] == "33 to chat with, 3 for embeddings, 1 hidden by policy"
