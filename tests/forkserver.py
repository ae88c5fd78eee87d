"""Real `passenger` processes without the half second that each would take to import it: forked by one that has.

Each has a process id, a command line, an environment, a home and standard streams of its own, takes signals and ends as
any other: it runs `passenger.__main__` as `python -m passenger` would. What a fork cannot show is how an interpreter
starts, so tests of that (imports, memory, the working directory, `-I`, the encoding of a terminal) ask `tests.proxy`
for a process that is executed.

One server runs beside each process of pytest and ends with it. It has neither a thread nor an event loop.
"""

import asyncio
import atexit
import contextlib
import fcntl
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
AT_START = ("LC_", "LANG", "PYTHON", "LD_", "GLIBC_", "MALLOC_")
"""The beginnings of the variables that an interpreter, its linker and its C library read as they start."""

PLENTY = 1 << 40
"""Bytes of memory that a process may have. Where there is such a limit, no server starts a tokenizer unasked."""

MOST = 1024 * 1024
"""Bytes of a request."""


@dataclass(frozen=True)
class Request:
    """What is to be run."""

    arguments: list[str]
    cwd: str
    env: dict[str, str]
    code: str | None = None
    """What is run as `-c` in the place of `-m passenger`."""
    descriptors: int | None = None
    """The most file descriptors that it may have."""
    leads: bool = False
    """Whether it is to lead a session of its own."""
    is_at_terminal: bool = False
    """Whether its standard streams are a terminal, which is to be that of the session that it leads."""


def can_fork(env: Mapping[str, str]) -> bool:
    """Whether a forked process would be like an executed one: nothing in the environment changes an interpreter."""
    return sys.platform == "linux" and not any(name.startswith(AT_START) for name in env)


# --- in the tests ------------------------------------------------------------------------------------------------

_lock = threading.Lock()
_spent = 0.0


def spent() -> float:
    """Seconds of CPU of all that has ended, and of the server itself."""
    return _spent


@functools.cache
def _server() -> socket.socket:
    """The socket of the server, which is started with nothing of our environment but what coverage needs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept = {name: os.environ[name] for name in ("PATH", "TESTS_REACHED") if name in os.environ}
    command = [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())]
    process = subprocess.Popen(command, cwd=ROOT, env=kept, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _start(request: Request, streams: Sequence[int]) -> tuple[int, socket.socket]:
    """Its process id, and the socket that will tell how it has ended."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, _lock:
        server = _server()
        socket.send_fds(server, [json.dumps(asdict(request)).encode()], [*streams, theirs.fileno()])
        pid, cpu = ours.recv(64).split()
        _add(cpu)
    return int(pid), ours


def _code(report: bytes) -> int:
    status, cpu = report.split()
    _add(cpu)
    return os.waitstatus_to_exitcode(int(status))


def _add(cpu: bytes) -> None:
    global _spent  # noqa: PLW0603 - as `os.times` counts for the whole process
    _spent += float(cpu)


class Process:
    """What a test sees of one: as `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, report: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self._end = asyncio.create_task(self._await_end(report))

    async def _await_end(self, report: socket.socket) -> int:
        with report:
            report.setblocking(False)
            self.returncode = _code(await asyncio.get_running_loop().sock_recv(report, 64))
        return self.returncode

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        return await asyncio.shield(self._end)

    async def communicate(self, data: bytes | None = None) -> tuple[bytes, bytes]:
        """What it says until its end, given this."""
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.stdin.write(data or b"")
                await self.stdin.drain()
            self.stdin.close()
        out, err = await asyncio.gather(*(_all_of(one) for one in (self.stdout, self.stderr)))
        await self.wait()
        return out, err

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def _all_of(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


async def start(
    request: Request,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
    limit: int = 64 * 1024,
) -> Process:
    """Start it; a stream is a descriptor, `PIPE`, `DEVNULL`, or for stderr `STDOUT`."""
    with contextlib.ExitStack() as stack:
        ins, outs, errs = (_ends(one, stack, writes=number > 0) for number, one in enumerate((stdin, stdout, stderr)))
        theirs = [ins[0], outs[0], outs[0] if stderr == subprocess.STDOUT else errs[0]]
        process = Process(*_start(request, theirs))
    if ins[1] is not None:
        process.stdin = await _writer(ins[1])
    if outs[1] is not None:
        process.stdout = await _reader(outs[1], limit)
    if errs[1] is not None:
        process.stderr = await _reader(errs[1], limit)
    return process


def _ends(stream: int, stack: contextlib.ExitStack, *, writes: bool) -> tuple[int, int | None]:
    """The process's descriptor, and that of the other end of a pipe; theirs is closed at the end of the stack."""
    if stream == subprocess.PIPE:
        reading, writing = os.pipe()
        theirs, ours = (writing, reading) if writes else (reading, writing)
        stack.callback(os.close, theirs)
        return theirs, ours
    if stream in {subprocess.DEVNULL, subprocess.STDOUT}:
        null = os.open(os.devnull, os.O_RDWR)
        stack.callback(os.close, null)
        return null, None
    return stream, None


async def _reader(descriptor: int, limit: int) -> asyncio.StreamReader:
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit)
    pipe = os.fdopen(descriptor, "rb", 0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop, pipe = asyncio.get_running_loop(), os.fdopen(descriptor, "wb", 0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)


def run(request: Request, timeout: float) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end with nothing on stdin, and give what it said."""
    with (
        Path(os.devnull).open("rb") as null,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        pid, report = _start(request, [null.fileno(), out.fileno(), err.fileno()])
        with report:
            report.settimeout(timeout)
            try:
                code = _code(report.recv(64))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(request.arguments, timeout) from None
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(request.arguments, code, out.read(), err.read())


# --- in the server -----------------------------------------------------------------------------------------------


def main(number: int) -> None:
    """Fork what is asked for until nobody can ask any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_all()
    gc.collect()
    gc.freeze()
    forked = _serve(socket.socket(fileno=number))
    if forked is not None:
        _become(forked)


def _import_all() -> None:
    """Everything of Passenger's, and what it imports only where it is needed."""
    import passenger

    for module in pkgutil.walk_packages(passenger.__path__, "passenger."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("uvloop", "platformdirs.unix", "encodings.idna"):
        importlib.import_module(name)
    assert threading.active_count() == 1


def _serve(control: socket.socket) -> Request | None:
    """A request, in the process that is to be it; None at the end."""
    reports: dict[int, int] = {}
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    before = 0.0
    while True:
        ready, _, _ = select.select([control.fileno(), reading], [], [])
        if reading in ready:
            os.read(reading, 4096)
            _reap(reports)
        if control.fileno() not in ready:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, MOST, 4)
        if not data:
            return None
        request, report = Request(**json.loads(data)), descriptors[3]
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            control.close()
            for one in (reading, writing, report, *reports.values()):
                os.close(one)
            _take(descriptors[:3])
            return request
        for one in descriptors[:3]:
            os.close(one)
        now = _time_spent()
        os.write(report, f"{pid} {now - before}".encode())
        before, reports[pid] = now, report


def _time_spent() -> float:
    """The server's own CPU time so far, without that of its children."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _reap(reports: dict[int, int]) -> None:
    """Tell of each process that has ended."""
    while reports:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        report = reports.pop(pid)
        with contextlib.suppress(OSError):  # nobody waits any more
            os.write(report, f"{status} {used.ru_utime + used.ru_stime}".encode())
        os.close(report)


def _take(streams: Sequence[int]) -> None:
    """Make these the standard streams."""
    for number, one in enumerate(streams):
        os.dup2(one, number)
    for one in set(streams):
        os.close(one)


def _become(request: Request) -> None:
    """Be `python -m passenger` with these arguments, to the end."""
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request.leads or request.is_at_terminal:
        os.setsid()
    if request.is_at_terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(request.cwd)
    coerced = {name: value for name, value in os.environ.items() if name.startswith("LC_")}
    os.environ.clear()
    os.environ.update({**request.env, **coerced})
    resource.setrlimit(resource.RLIMIT_AS, (PLENTY, PLENTY))
    if request.descriptors is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (request.descriptors, request.descriptors))
    _open_streams()
    sys.argv[:] = ["-c", *request.arguments]
    sys.path[0] = request.cwd if request.code is None else ""
    code = _run(request.code)
    threading._shutdown()  # type: ignore[attr-defined]  # as the interpreter's end does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120
    if code == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code)


def _run(code: str | None) -> int:
    """Its exit code, by the rules of the interpreter."""
    try:
        if code is None:
            runpy.run_module("passenger", run_name="__main__", alter_sys=True)
        else:
            exec(code, {"__name__": "__main__"})
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        traceback.print_exc()
        return -signal.SIGINT
    except BaseException:  # noqa: BLE001 - whatever it is, it has ended the process
        traceback.print_exc()
        return 1
    return 0


def _open_streams() -> None:
    """New standard streams, as the interpreter makes them at its start."""
    errors = sys.stdout.errors
    sys.stdin = _text(0, "rb", errors)
    sys.stdout = _text(1, "wb", errors, is_line_buffered=os.isatty(1))
    sys.stderr = _text(2, "wb", "backslashreplace", is_line_buffered=True)


def _text(number: int, mode: str, errors: str | None, *, is_line_buffered: bool = False) -> io.TextIOWrapper:
    binary = os.fdopen(number, mode, closefd=False)
    return io.TextIOWrapper(binary, "utf-8", errors, line_buffering=is_line_buffered)


if __name__ == "__main__":
    main(int(sys.argv[1]))
