"""A forked process is as an executed one in all that a test can see of it."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests import forkserver
from tests.proxy import PATIENCE, environment, start

LOOK = """
import json, locale, os, resource, signal, sys, threading
names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGPIPE", "SIGUSR1")
handlers = {name: str(signal.getsignal(getattr(signal, name))).split(" at ")[0] for name in names}
streams = [(one.encoding, one.errors, one.line_buffering, one.isatty()) for one in (sys.stdin, sys.stdout, sys.stderr)]
seen = {
    "arguments": sys.argv,
    "path": sys.path[0],
    "environ": dict(os.environ),
    "cwd": os.getcwd(),
    "handlers": handlers,
    "streams": streams,
    "threads": threading.active_count(),
    "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "open": [one for one in os.listdir("/proc/self/fd") if int(one) < 3],
    "leads": os.getsid(0) == os.getpid(),
    "locale": locale.getpreferredencoding(),
}
print(json.dumps(seen))
sys.exit(7)
"""


async def seen(home: Path, *, executed: bool, leads: bool = False) -> object:
    """What a process sees of itself, its exit code among it."""
    process = await start(
        home,
        ["a", "b c"],
        environment(home, {"X": "é"}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        program=("-c", LOOK),
        executed=executed,
        leads=leads,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    return process.returncode, json.loads(out), err


@pytest.mark.parametrize("leads", [False, True])
async def test_it_sees_what_an_executed_one_sees(home: Path, *, leads: bool) -> None:
    assert await seen(home, executed=False, leads=leads) == await seen(home, executed=True, leads=leads)


ENDS = {
    "nothing": "",
    "a code": "import sys; sys.exit(3)",
    "a word": "import sys; sys.exit('no')",
    "a defect": "1 / 0",
    "Ctrl-C": "raise KeyboardInterrupt",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "a thread": "import threading; threading.Timer(0.05, print, ['late']).start(); print('soon')",
    "at exit": "import atexit; atexit.register(print, 'bye')",
}


@pytest.mark.parametrize("code", ENDS.values(), ids=list(ENDS))
async def test_it_ends_as_an_executed_one_ends(home: Path, code: str) -> None:
    ends = []
    for executed in (False, True):
        process = await start(
            home,
            [],
            environment(home),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            program=("-c", code),
            executed=executed,
        )
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        ends.append((process.returncode, out, err.splitlines()[-1:]))
    assert ends[0] == ends[1]


async def test_it_is_given_what_is_written_to_it(home: Path) -> None:
    echo, pipe = ("-c", "import sys; print(sys.stdin.read()[::-1])"), asyncio.subprocess.PIPE
    process = await start(home, [], environment(home), stdin=pipe, stdout=pipe, program=echo)
    async with asyncio.timeout(PATIENCE):
        assert await process.communicate(b"abc") == (b"cba\n", b"")


async def test_what_it_costs_is_known(home: Path) -> None:
    before, burn = forkserver.spent(), "import time\nwhile time.process_time() < 0.3: pass"
    process = await start(home, [], environment(home), program=("-c", burn))
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == 0
    assert forkserver.spent() - before > 0.2


@pytest.mark.parametrize("name", ["LC_ALL", "LANG", "PYTHONUTF8", "LD_PRELOAD", "MALLOC_ARENA_MAX"])
def test_an_environment_that_changes_an_interpreter_needs_one(name: str) -> None:
    assert not forkserver.can_fork({"HOME": "/", name: "x"})


async def test_it_takes_ctrl_c_though_the_tests_ignore_it(home: Path) -> None:
    waits = "import signal, sys; print('up', flush=True); signal.pause()"
    process = await start(
        home,
        [],
        environment(home),
        stdout=asyncio.subprocess.PIPE,
        program=("-c", waits),
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert await process.wait() == -signal.SIGINT


async def test_it_has_no_more_descriptors_than_it_may(home: Path) -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    pipe = asyncio.subprocess.PIPE
    process = await start(home, [], environment(home), stdout=pipe, program=("-c", code), descriptors=321)
    async with asyncio.timeout(PATIENCE):
        assert await process.communicate() == (b"(321, 321)\n", b"")
