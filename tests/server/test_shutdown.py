"""Starting and stopping, judged from outside: streams finish, deadlines hold, exit codes tell, stderr stops nobody."""

import asyncio
import contextlib
import errno
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from passenger.simulator import Fault, Simulator
from tests.proxy import environment, eventually, spawn
from tests.server.bench import AGES, CHAT, DONE, EXCHANGE, Bench, asking, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRAINS_LONG = "[server]\ndrain_timeout = 60\n"
DRAINS_BRIEFLY = "[server]\ndrain_timeout = 0.5\n"


def refuses(one: Bench) -> bool:
    """Whether new connections are refused."""
    address = one.proxy.url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((address[0], int(address[1]))) == errno.ECONNREFUSED


# --- stopping ----------------------------------------------------------------------------------------------------


async def test_it_says_where_it_serves_on_whose_login_and_ends_with_0_when_told(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_LONG) as own:
        (line,) = own.proxy.logged("Passenger serves")
        assert f"{own.proxy.url}/v1" in line
        assert "COPILOT_GITHUB_TOKEN" in line
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0


@pytest.mark.proves("F50", "promise 9")
async def test_running_streams_finish_while_new_connections_are_refused(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_LONG) as own:
        wires = [await own.open(asking("[[drip 0.1]] [[events 30]]", stream=True)) for _ in range(5)]
        slow = await own.open(asking("[[delay 3]]"))
        await own.upstream(number=6)
        for wire in wires:
            await wire.until(b"data: ")
        own.proxy.signal(signal.SIGTERM)
        await eventually(lambda: refuses(own))
        assert own.sim.active == 6
        for wire in wires:
            assert DONE in await wire.rest()
        assert b'"chat.completion"' in await slow.rest()
        assert await own.proxy.ended() == 0
        assert not own.proxy.logged("outcome=")


UNREAD = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x" * 2**24}}]}
"""An answer that is larger than what both systems take for a client that does not read."""


def told_of(one: Bench) -> list[tuple[str, str]]:
    """The program and the outcome of each question that the log tells of."""
    lines = [json.loads(line) for line in one.proxy.lines if line.startswith("{")]
    return sorted((line["client"], line.get("outcome", "ok")) for line in lines if "initiator" in line)


@pytest.mark.proves("F50", "promise 9")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_stop_loses_the_record_of_no_request_and_tells_of_none_twice(tmp_path: Path, workers: str) -> None:
    env = {"PASSENGER_LOG_FORMAT": "json"}
    async with bench(tmp_path, "--workers", workers, config=DRAINS_BRIEFLY, env=env, primed=False) as own:
        own.sim.inject(Fault(body=json.dumps(UNREAD).encode(), headers={"content-type": "application/json"}))
        unread = await own.open(asking(), head="User-Agent: unread\r\n")
        await unread.until(b"\r\n\r\n")
        streams = [
            await own.open(asking("[[stall 2]] some words", stream=True), head=f"User-Agent: stream-{number}\r\n")
            for number in range(6)
        ]
        for wire in streams:
            await wire.until(b"data: ")
        whole = (own.post(asking(), {"User-Agent": f"whole-{number}"}) for number in range(20))
        assert {answer.status for answer in await asyncio.gather(*whole)} == {200}
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0
        expected = [("unread", "unfinished"), *((f"stream-{number}", "broken") for number in range(6))]
        assert told_of(own) == sorted([*expected, *((f"whole-{number}", "ok") for number in range(20))])


@pytest.mark.proves("F50", "promise 9")
async def test_the_deadline_ends_what_still_runs_and_the_exit_is_still_0(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_BRIEFLY) as own:
        stream = await own.open(asking("[[stall 2]] some words for it", stream=True))
        whole = await own.open(asking("[[delay 60]]"))
        await own.upstream(number=2)
        await stream.until(b"data: ")
        own.proxy.signal(signal.SIGTERM)
        told = await stream.rest()
        assert DONE not in told
        event = told.partition(b'data: {"error":')[2].partition(b"\n\n")[0]
        assert json.loads(b'{"error":' + event)["error"]["code"] == "shutting_down"
        answer = await whole.rest()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in answer.lower()
        assert await own.proxy.ended() == 0
        assert all(request.closed_early for request in own.chats())


@pytest.mark.proves("F50")
@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)], ids=["TERM", "INT"]
)
async def test_a_second_signal_ends_it_at_once(tmp_path: Path, first: signal.Signals, second: signal.Signals) -> None:
    async with bench(tmp_path, config=DRAINS_LONG) as own:
        wire = await own.open(asking("[[stall 2]] some words for it", stream=True))
        await wire.until(b"data: ")
        own.proxy.signal(first)
        await eventually(lambda: refuses(own))
        own.proxy.signal(second)
        assert await own.proxy.ended() == (130 if first is signal.SIGINT else 0)  # far sooner than in 60 seconds


async def test_an_interrupt_is_130_and_lets_streams_finish(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_LONG) as own:
        wire = await own.open(asking("[[drip 0.1]] [[events 5]]", stream=True))
        await wire.until(b"data: ")
        own.proxy.signal(signal.SIGINT)
        assert DONE in await wire.rest()
        assert await own.proxy.ended() == 130
        assert not own.proxy.logged("KeyboardInterrupt")


async def test_no_time_to_drain_ends_streams_with_an_error_event(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[server]\ndrain_timeout = 0\n") as own:
        wire = await own.open(asking("[[stall 2]] some words for it", stream=True))
        await wire.until(b"data: ")
        own.proxy.signal(signal.SIGTERM)
        assert b"shutting_down" in await wire.rest()
        assert await own.proxy.ended() == 0


async def test_a_stop_during_an_exchange_is_clean(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_BRIEFLY, primed=False) as own:
        own.sim.inject(Fault(delay=AGES), path=EXCHANGE)
        wire = await own.open(asking())
        await own.upstream(EXCHANGE)
        own.proxy.signal(signal.SIGTERM)
        assert (await wire.rest()).startswith(b"HTTP/1.1 503 ")
        assert await own.proxy.ended() == 0


# --- starting ----------------------------------------------------------------------------------------------------


@pytest.mark.proves("F53")
async def test_a_port_in_use_is_an_exit_1_that_names_the_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        env = {"COPILOT_GITHUB_TOKEN": "ghu_simulated-login-0001", "PASSENGER_SERVER_PORT": str(port)}
        process = await spawn(tmp_path, [], env)
        assert await process.ended() == 1
    said = "\n".join(process.lines)
    assert f"port {port} is taken" in said
    assert f"(process {os.getpid()})" in said
    assert "--port" in said
    assert "Traceback" not in said


async def test_without_a_login_it_is_an_exit_4_that_names_the_way_to_one(tmp_path: Path) -> None:
    process = await spawn(tmp_path, ["--port", "0"])
    assert await process.ended() == 4
    assert len(process.lines) == 1
    assert "passenger login" in process.lines[0]


@pytest.mark.proves("F61")
async def test_localhost_is_every_address_of_it(tmp_path: Path) -> None:
    found = {info[4][0] for info in socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)}
    async with bench(tmp_path, config='[server]\nhost = "localhost"\n', primed=False) as own:
        port = int(own.proxy.url.rpartition(":")[2])
        assert port > 0
        for address in found:
            with socket.create_connection((str(address), port)):
                pass
        assert (await own.http.get(f"http://localhost:{port}/health")).status == 200


@pytest.mark.proves("F51", "promise 9")
async def test_it_starts_again_at_once_after_it_was_killed(tmp_path: Path) -> None:
    async with Simulator() as sim:
        home = tmp_path / "home"
        home.mkdir()
        (home / "settings.toml").write_text(sim.config_toml())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = {"COPILOT_GITHUB_TOKEN": sim.login_token}
        arguments = ["-c", "settings.toml", "--port", str(port)]
        for _ in range(2):
            process = await spawn(home, arguments, env)
            await process.said("Passenger serves")
            async with aiohttp.ClientSession() as http:
                answer = await http.post(f"http://127.0.0.1:{port}{CHAT}", json=asking("[[stall 2]]", stream=True))
                await answer.content.readany()
                process.process.kill()
                assert await process.ended() == -signal.SIGKILL
                answer.close()
        assert sim.exchanges == 1


# --- an unfriendly world -----------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def started(sim: Simulator, home: Path, shell: str, stderr: int) -> AsyncIterator[tuple[str, int]]:
    """A proxy started by a shell's command, where `"$@"` is its own; the URL it serves on and its process id."""
    (home / "settings.toml").write_text(sim.config_toml())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "passenger", "-vv", "-c", "settings.toml", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *["/bin/sh", "-c", f"exec {shell}", "sh", *command],
        cwd=home,
        env=environment(home, {"COPILOT_GITHUB_TOKEN": sim.login_token}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
    )
    try:
        await eventually(lambda: _connects(port))
        yield f"http://127.0.0.1:{port}", process.pid
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def serves(url: str, times: int) -> bool:
    """Whether that many requests are answered, one after another."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        for number in range(times):
            async with http.post(url + CHAT, json=asking(f"number {number}", stream=bool(number % 2))) as response:
                if response.status != 200 or not await response.read():
                    return False
    return True


@pytest.mark.proves("F59")
async def test_closed_streams_do_not_stop_service(tmp_path: Path) -> None:
    async with Simulator() as sim, started(sim, tmp_path, '"$@" <&- >&- 2>&-', asyncio.subprocess.DEVNULL) as (url, _):
        assert await serves(url, 20)


def heard(reading: int) -> str:
    """What is in a pipe now."""
    os.set_blocking(reading, False)
    with contextlib.suppress(BlockingIOError):
        return os.read(reading, 100_000).decode()
    return ""


@pytest.mark.proves("F59")
async def test_a_log_that_nobody_reads_does_not_stop_service(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        async with Simulator() as sim, started(sim, tmp_path, '"$@"', writing) as (url, _):
            await eventually(lambda: "Passenger serves" in heard(reading))
            os.set_blocking(writing, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writing, b"nobody reads this\n" * 100)
            os.set_blocking(writing, True)
            assert await serves(url, 20)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.proves("F59")
async def test_a_log_whose_reader_leaves_does_not_stop_service(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    async with Simulator() as sim, started(sim, tmp_path, '"$@"', writing) as (url, _):
        await eventually(lambda: "Passenger serves" in heard(reading))
        os.close(writing)
        os.close(reading)
        assert await serves(url, 20)


async def test_a_log_whose_reader_was_never_there_does_not_stop_service(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        async with Simulator() as sim, started(sim, tmp_path, '"$@"', writing) as (url, _):
            assert await serves(url, 5)
    finally:
        os.close(writing)


@pytest.mark.proves("F55")
async def test_too_many_connections_are_survived(tmp_path: Path) -> None:
    async with Simulator() as sim, started(sim, tmp_path, '"$@"', asyncio.subprocess.DEVNULL) as (url, pid):
        assert await serves(url, 1)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, 40))
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        crowd = [socket.create_connection(address) for _ in range(60)]
        files = Path(f"/proc/{pid}/fd")
        await eventually(lambda: len(list(files.iterdir())) >= 39)  # libuv lets a spare one go when they run out
        for one in crowd:
            one.close()
        await eventually(lambda: len(list(files.iterdir())) < 30)
        assert await serves(url, 3)
