"""Processes that hang, that are stopped with all others, and signals that mean nothing, judged from outside."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.proxy import Proxy, eventually
from tests.server.bench import DONE, Bench, asking, bench
from tests.server.test_workers import DRAINS_LONG, DRIPS, TWO, team, wires_to, workers

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRAINS_AT_ONCE = "[server]\ndrain_timeout = 0\n"
DRAINS_FOR_EVER = "[server]\ndrain_timeout = 3600\n"
MAIN = "from passenger.cli import main; raise SystemExit(main())"

IMPATIENT = ("-c", f"import passenger.server.process.workers as w; w.SILENCE = 6.0; {MAIN}")
"""Passenger that gives a worker up sooner than it does."""


def blocked_by(what: str) -> tuple[str, str]:
    """Passenger that SIGALRM makes do this for ever."""
    say = "os.write(2, b'it is blocked\\n')"
    with_lock = "libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)"
    return "-c", f"import ctypes, os, signal; {with_lock}; signal.signal(14, lambda *_: ({say}, {what})); {MAIN}"


PYTHON_CODE = "[... for _ in iter(int, 1) if (lambda: 0)()]"
C_CODE = "[libc.pthread_mutex_lock(mutex) for _ in 'ab']"
"""It keeps the interpreter lock, and looks for no signal; the second time waits for what the first has taken."""

BLOCKED = pytest.mark.parametrize("what", [PYTHON_CODE, C_CODE], ids=["Python", "C"])


async def switched(pid: int) -> None:
    """Wait until a process has run, and waits again."""

    def waits() -> int:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("voluntary_ctxt")).split()[1])

    before = waits()
    await eventually(lambda: waits() > before)


async def all_answer(own: Bench) -> None:
    for pid in workers(own.proxy):
        assert await wires_to(own, pid)
    for _ in range(9):
        assert (await own.chat()).status == 200


# --- workers -----------------------------------------------------------------------------------------------------


@pytest.mark.proves("F66", "promise 9")
async def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, program=IMPATIENT) as own:
        hangs, stays = workers(own.proxy)
        os.kill(hangs, signal.SIGSTOP)
        await own.proxy.said(f"worker 1 (process {hangs}) hangs")
        await own.proxy.said(f"worker 1 (process {hangs}) has ended by signal 9")
        await eventually(lambda: len(workers(own.proxy)) == 2)
        assert stays in workers(own.proxy)
        while (await own.get("/readyz")).status != 200:
            await asyncio.sleep(0.01)
        await all_answer(own)


@pytest.mark.proves("F66", "F50", "promise 9")
async def test_a_worker_that_is_stopped_for_ever_does_not_keep_the_others_from_stopping(tmp_path: Path) -> None:
    async with team(tmp_path, config=DRAINS_AT_ONCE) as two:
        os.kill(two.pids[0], signal.SIGSTOP)
        two.bench.proxy.signal(signal.SIGTERM)
        assert await two.bench.proxy.ended() == 0
        assert two.bench.proxy.logged(f"worker 1 (process {two.pids[0]}) does not stop and is killed")


@pytest.mark.proves("F66", "F50", "promise 9")
async def test_a_second_signal_does_not_wait_for_one_that_is_stopped_either(tmp_path: Path) -> None:
    async with team(tmp_path, config=DRAINS_FOR_EVER) as two:
        os.kill(two.pids[0], signal.SIGSTOP)
        two.bench.proxy.signal(signal.SIGTERM)
        await two.bench.proxy.said("Shutting down")
        two.bench.proxy.signal(signal.SIGTERM)
        assert await two.bench.proxy.ended() == 0


@BLOCKED
@pytest.mark.proves("F66", "F50", "promise 9")
async def test_workers_that_something_blocks_end_with_the_others(tmp_path: Path, what: str) -> None:
    async with bench(tmp_path, *TWO, config=DRAINS_AT_ONCE, program=blocked_by(what)) as own:
        for pid in workers(own.proxy):
            os.kill(pid, signal.SIGALRM)
        await eventually(lambda: len(own.proxy.logged("it is blocked")) == 2)
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 0


@pytest.mark.proves("F66")
async def test_a_group_that_was_stopped_for_long_loses_nobody(tmp_path: Path) -> None:
    async with bench(tmp_path, *TWO, program=IMPATIENT) as own:
        pids = workers(own.proxy)
        for pid in (own.proxy.pid, *pids):
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(8)  # longer than it would let a worker hang
        own.proxy.signal(signal.SIGCONT)
        await switched(own.proxy.pid)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        await all_answer(own)
        assert workers(own.proxy) == pids
        assert not own.proxy.logged("hangs")


# --- one process -------------------------------------------------------------------------------------------------


@pytest.mark.proves("F66", "F50", "promise 9")
async def test_one_process_that_something_blocks_ends_all_the_same(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_AT_ONCE, program=blocked_by(PYTHON_CODE)) as own:
        own.proxy.signal(signal.SIGALRM)
        await own.proxy.said("it is blocked")
        own.proxy.signal(signal.SIGTERM)
        assert await own.proxy.ended() == 1


@pytest.mark.proves("F66", "F50", "promise 9")
async def test_a_second_signal_ends_one_process_that_something_blocks(tmp_path: Path) -> None:
    async with bench(tmp_path, config=DRAINS_FOR_EVER, program=blocked_by(PYTHON_CODE)) as own:
        own.proxy.signal(signal.SIGALRM)
        await own.proxy.said("it is blocked")
        ended = asyncio.create_task(own.proxy.ended())
        while not ended.done():  # two signals at once may be one to a process
            own.proxy.signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
        assert ended.result() == 1


@pytest.mark.proves("F66", "F50", "promise 9")
async def test_one_process_that_is_blocked_while_it_drains_ends_even_if_by_c_code(tmp_path: Path) -> None:
    async with bench(tmp_path, config="[server]\ndrain_timeout = 2\n", program=blocked_by(C_CODE)) as own:
        wire = await own.open(asking("[[stall 2]] some words for it", stream=True))
        await wire.until(b"data: ")
        own.proxy.signal(signal.SIGTERM)
        await own.proxy.said("Shutting down")
        own.proxy.signal(signal.SIGALRM)
        assert await own.proxy.ended() == 1


# --- other signals -----------------------------------------------------------------------------------------------


def processes(proxy: Proxy) -> list[int]:
    return [proxy.pid, *workers(proxy)]


EACH = pytest.mark.parametrize("arguments", [(), TWO], ids=["one process", "workers"])


@EACH
@pytest.mark.proves("F67", "F50", "promise 9")
async def test_a_terminal_that_closes_lets_streams_finish_however_often_it_says_so(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    async with bench(tmp_path, *arguments, config=DRAINS_LONG) as own:
        wire = await own.open(asking(DRIPS, stream=True))
        await wire.until(b"data: ")
        pids = processes(own.proxy)
        for pid in pids:
            os.kill(pid, signal.SIGHUP)
        await own.proxy.said("Shutting down")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # a worker without a stream may have gone
                os.kill(pid, signal.SIGHUP)
        assert DONE in await wire.rest()
        assert await own.proxy.ended() == 0
        assert not own.proxy.logged("has ended")


@EACH
@pytest.mark.proves("F67")
async def test_signals_that_mean_nothing_do_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    async with bench(tmp_path, *arguments) as own:
        before = processes(own.proxy)
        for pid in before:
            for number in (signal.SIGUSR1, signal.SIGUSR2):
                os.kill(pid, number)
        await all_answer(own)
        assert processes(own.proxy) == before


NOHUP = ("-c", f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); {MAIN}")


@EACH
@pytest.mark.proves("F67")
async def test_one_that_was_started_to_survive_its_terminal_does(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    async with bench(tmp_path, *arguments, program=NOHUP) as own:
        before = processes(own.proxy)
        for pid in before:
            os.kill(pid, signal.SIGHUP)
        await all_answer(own)
        assert processes(own.proxy) == before


async def test_a_simulation_ends_with_its_terminal(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "passenger", "simulate", "--port", "0"], stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdout is not None
    assert b"http://127.0.0.1:" in await process.stdout.readline()
    process.send_signal(signal.SIGUSR1)
    process.send_signal(signal.SIGHUP)
    assert await process.wait() == 0
