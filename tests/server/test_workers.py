"""Several workers, judged from outside: they share what they can, one that dies is replaced, all stop as one."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from passenger.server.process.store_process import NAME
from passenger.simulator import Simulator
from tests.proxy import Proxy, eventually, profile_of, spawn
from tests.server.bench import DONE, HEAD, UP, Bench, Wire, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

TWO = ("--workers", "2")
DRAINS_LONG = "[server]\ndrain_timeout = 60\n"
DRIPS = "[[drip 0.1]] [[events 20]]"
STALLS = "[[stall 2]] some words for it"

LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def workers(proxy: Proxy) -> list[int]:
    """The workers that the supervisor has now."""
    return [pid for pid in children(proxy) if comm(pid) != NAME]


def children(proxy: Proxy) -> list[int]:
    """The processes that the supervisor has now, the one with the store among them."""
    return [int(pid) for pid in Path(f"/proc/{proxy.pid}/task/{proxy.pid}/children").read_text().split()]


def comm(pid: int) -> str:
    """The name of a process; empty once it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def server_of(wire: Wire) -> int | None:
    """The process that has the other end of a connection; None while nobody has taken it."""
    client, server = wire.writer.get_extra_info("sockname")[1], wire.writer.get_extra_info("peername")[1]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = {(int(row[1].split(":")[1], 16), int(row[2].split(":")[1], 16)): row[9] for row in rows}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(link.readlink()) == f"socket:[{ends[server, client]}]":
                return int(link.parts[2])
    return None


async def wires_to(own: Bench, pid: int, number: int = 1) -> list[Wire]:
    """So many connections to one worker: the system deals them out as it likes, so as many are opened as it takes."""
    found: list[Wire] = []
    while len(found) < number:
        wire = await own.dial(LIVE)
        assert b"200 OK" in await wire.until(b"\r\n\r\nOK")
        if server_of(wire) == pid:
            found.append(wire)
    return found


def ask(wire: Wire, text: str, **fields: object) -> None:
    """A chat request on a connection that there is."""
    body = json.dumps(asking(text, **fields)).encode()
    wire.writer.write(f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def answer(wire: Wire) -> bytes:
    """A whole answer whose length is told, its head included."""
    head = await wire.until(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head + await wire.reader.readexactly(int(length))


@dataclass
class Team:
    """Two workers, and a connection to each on which nothing is asked yet."""

    bench: Bench
    pids: list[int]
    wires: list[Wire]

    async def stream(self, text: str) -> None:
        """Let each worker stream this."""
        for wire in self.wires:
            ask(wire, text, stream=True)
        for wire in self.wires:
            await wire.until(b"data: ")


@contextlib.asynccontextmanager
async def team(directory: Path, *, config: str = "", primed: bool = True) -> AsyncIterator[Team]:
    async with bench(directory, *TWO, config=config, primed=primed) as own:
        pids = workers(own.proxy)
        assert len(pids) == 2
        yield Team(own, pids, [wire for pid in pids for wire in await wires_to(own, pid)])


# --- sharing -----------------------------------------------------------------------------------------------------


async def test_both_answer_and_together_need_one_token_and_one_list_of_models(tmp_path: Path) -> None:
    async with team(tmp_path, primed=False) as two:
        for wire in two.wires:
            ask(wire, "hello")
        for wire in two.wires:
            assert (await answer(wire)).startswith(b"HTTP/1.1 200 OK")
        assert len(two.bench.chats()) == 2
        assert two.bench.sim.exchanges == 1
        assert len(two.bench.sim.seen("/models")) == 1
        assert len(two.bench.proxy.logged("Passenger serves")) == 1


async def test_a_token_that_one_has_renewed_serves_the_other(tmp_path: Path) -> None:
    async with team(tmp_path) as two:
        for wire in two.wires:
            ask(wire, "hello")
            assert (await answer(wire)).startswith(b"HTTP/1.1 200 OK")
        two.bench.forget()
        two.bench.sim.revoke_tokens()
        for wire in two.wires:
            ask(wire, "again")
            assert (await answer(wire)).startswith(b"HTTP/1.1 200 OK")
        assert two.bench.sim.exchanges == 1


async def test_the_list_of_models_outlives_a_damaged_file(tmp_path: Path) -> None:
    async with Simulator() as sim:
        state = profile_of(sim, tmp_path / "home" / ".local" / "state" / "passenger")
        state.mkdir(parents=True, mode=0o700)
        (state / "models.json").write_text('{"owner": ')
        async with bench(tmp_path, *TWO, simulator=sim, primed=False) as own:
            assert (await own.chat()).status == 200
            kept = json.loads((state / "models.json").read_text())
            assert "gpt-4o" in {model["id"] for model in kept["models"]}
            assert (await own.get("/readyz")).json() == {"status": "ok", "degraded": {}}


async def test_one_process_keeps_no_list_of_models(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        assert workers(own.proxy) == []
        assert not list((own.proxy.home / ".local" / "state" / "passenger").rglob("models.json"))


async def test_each_has_its_share_of_a_limit(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, config="[limits]\nmax_requests = 4\n") as own:
        for pid in workers(own.proxy):
            *let_in, refused = await wires_to(own, pid, 3)
            for wire in let_in:
                ask(wire, STALLS, stream=True)
                await wire.until(b"data: ")
            ask(refused, "one too many")
            refusal = await answer(refused)
            assert refusal.startswith(b"HTTP/1.1 503 ")
            assert b"2 requests are being served already" in refusal


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_free_port_is_the_same_for_all(tmp_path: Path, host: str) -> None:
    async with bench(tmp_path, *TWO, "--host", host, primed=False) as own:
        port = int(own.proxy.url.rpartition(":")[2])
        for address in {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}:
            with socket.create_connection((address, port)):
                pass
        assert (await own.chat()).status == 200


SHARING = (
    "-c",
    (
        "import passenger.server.process.listen as l; l.BALANCES = False; "
        "from passenger.cli import main; raise SystemExit(main())"
    ),
)
"""Passenger as on a system that does not deal connections out."""


async def test_where_the_system_does_not_balance_all_share_one_socket(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, program=SHARING, config=DRAINS_LONG) as own:
        wire = await own.open(asking(DRIPS, stream=True))
        await wire.until(b"data: ")
        for pid in workers(own.proxy):
            os.kill(pid, signal.SIGKILL)
            await own.proxy.said(f"(process {pid}) has ended by signal 9")
        await eventually(lambda: len(workers(own.proxy)) == 2)
        assert (await own.chat()).status == 200
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0


# --- watching ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "how"), [(signal.SIGKILL, "by signal 9"), (signal.SIGTERM, "with 0")], ids=["KILL", "TERM"]
)
async def test_one_that_ends_is_replaced_and_until_then_nobody_is_ready(
    tmp_path: Path, number: signal.Signals, how: str
) -> None:
    async with bench(tmp_path, *TWO) as own:
        gone, stays = workers(own.proxy)
        os.kill(gone, number)
        await own.proxy.said(f"worker 1 (process {gone}) has ended {how}; the next one in")
        own.proxy.signal(signal.SIGSTOP)
        report = await own.get("/readyz")
        assert report.status == 503
        assert report.json() == {"status": "not ready", "degraded": {"workers": "1 of 2 workers serve"}}
        assert (await own.chat()).status == 200
        own.proxy.signal(signal.SIGCONT)
        while (await own.get("/readyz")).status != 200:
            await asyncio.sleep(0.01)
        assert stays in workers(own.proxy)
        assert len(workers(own.proxy)) == 2
        assert gone not in workers(own.proxy)
        assert own.sim.exchanges == 0
        assert own.sim.seen("/models") == []


@pytest.mark.parametrize("streams", [True, False], ids=["streaming", "idle"])
async def test_without_their_supervisor_they_finish_and_end(tmp_path: Path, *, streams: bool) -> None:
    async with team(tmp_path, config=DRAINS_LONG) as two:
        if streams:
            await two.stream(DRIPS)
        two.bench.proxy.signal(signal.SIGKILL)
        for wire in two.wires:
            assert (DONE in await wire.rest()) == streams
        assert await two.bench.proxy.ended() == -signal.SIGKILL  # and nobody holds its stderr any more


FAILING = (
    "-c",
    (
        "from passenger.server.process.workers import Supervisor as S; "
        "raise SystemExit(S(2, lambda _: 3, [], on_serving=int).run())"
    ),
)
"""A supervisor of workers that cannot serve."""


async def test_workers_that_end_as_they_start_are_given_up(tmp_path: Path) -> None:
    process = await spawn(tmp_path, [], program=FAILING)
    assert await process.ended() == 1


# --- stopping ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["TERM", "INT"])
@pytest.mark.parametrize("everybody", [False, True], ids=["to the supervisor", "to the whole group"])
async def test_streams_of_all_finish_when_it_is_told_to_stop(
    tmp_path: Path, number: signal.Signals, code: int, *, everybody: bool
) -> None:
    async with team(tmp_path, config=DRAINS_LONG) as two:
        await two.stream(DRIPS)
        assert len(two.bench.sim.seen(UP)) == 2
        for pid in two.pids if everybody else ():
            os.kill(pid, number)
        two.bench.proxy.signal(number)
        for wire in two.wires:
            assert DONE in await wire.rest()
        assert await two.bench.proxy.ended() == code
        assert not two.bench.proxy.logged("outcome=")
        assert not two.bench.proxy.logged("has ended")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)], ids=["TERM", "INT"])
async def test_a_second_signal_ends_all_at_once(tmp_path: Path, number: signal.Signals, code: int) -> None:
    async with team(tmp_path, config=DRAINS_LONG) as two:
        await two.stream(STALLS)
        two.bench.proxy.signal(number)
        await eventually(lambda: len(two.bench.proxy.logged("Shutting down")) == 2)
        two.bench.proxy.signal(number)
        for wire in two.wires:
            assert b"shutting_down" in await wire.rest()
        assert await two.bench.proxy.ended() == code


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shares", [False, True], ids=["alone", "by one who would share it"])
async def test_a_port_in_use_is_refused(tmp_path: Path, *, shares: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=shares) as holder:
        port = holder.getsockname()[1]
        env = {"COPILOT_GITHUB_TOKEN": "ghu_simulated-login-0001"}
        process = await spawn(tmp_path, [*TWO, "--port", str(port)], env)
        assert await process.ended() == 1
    (line,) = process.lines
    assert f"port {port} is taken" in line
    assert f"(process {os.getpid()})" in line


@pytest.mark.parametrize(
    ("arguments", "env"),
    [(["--workers", "0"], {}), (["--workers", "many"], {}), ([], {"PASSENGER_SERVER_WORKERS": "65"})],
    ids=["0", "many", "65"],
)
async def test_a_number_that_is_none_is_wrong_usage(tmp_path: Path, arguments: list[str], env: dict[str, str]) -> None:
    process = await spawn(tmp_path, [*arguments, "--port", "0"], env)
    assert await process.ended() == 2
    assert "workers" in "\n".join(process.lines)
