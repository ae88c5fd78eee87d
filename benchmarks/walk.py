"""`make walk`: how far a request walks through the code: calls, files entered and objects made, from socket to socket.

A relayed and a translated stream go through a real server and the simulator, in this process and over real sockets.
Only code of Passenger counts. The first requests of each kind are not counted: they fetch the token and the models.
"""

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import msgspec

_made: Counter[str] = Counter()


class _CountedStruct(msgspec.Struct):
    """The base of all Structs in this process: they are made in C, where a profiler sees nothing of it."""

    def __post_init__(self) -> None:
        _made[type(self).__qualname__] += 1


msgspec.Struct = _CountedStruct  # type: ignore[misc]  # before a module of ours takes it

from tests.printing import print_lines  # noqa: E402

import passenger  # noqa: E402 - as above
from passenger.account.token import Login, LoginSource  # noqa: E402
from passenger.account.token_store import MemoryTokenStore  # noqa: E402
from passenger.config.loading import Loaded, load  # noqa: E402
from passenger.config.simulated import flags_of  # noqa: E402
from passenger.secret import Secret  # noqa: E402
from passenger.server.control.handshake import Identity  # noqa: E402
from passenger.server.process.listen import listen  # noqa: E402
from passenger.server.process.serve import serve  # noqa: E402
from passenger.simulator import Simulator  # noqa: E402
from passenger.wiring import open_parts  # noqa: E402

SOURCE = str(Path(passenger.__file__).parent) + os.sep
_NOWHERE = Path(os.devnull)
_QUESTION = [{"role": "user", "content": "Say hello"}]
_ASKED = {"model": "gpt-4o", "stream": True, "messages": _QUESTION, "max_tokens": 100}


class Walk(NamedTuple):
    """What one request took. What was entered or made says how often."""

    name: str
    calls: int
    functions: int
    files: Counter[str]
    objects: Counter[str]
    """Instances of classes."""
    structs: Counter[str]
    """Values, and what was read of JSON: some of them for each event."""
    events: int


async def walks() -> list[Walk]:
    """A relayed and a translated stream."""
    async with Simulator() as simulator, _server(simulator) as port:
        return [
            await _walk("relayed", port, "/v1/chat/completions"),
            await _walk("translated", port, "/v1/messages"),
        ]


async def _walk(name: str, port: int, path: str) -> Walk:
    for _ in range(2):
        await _ask(port, path)
    calls: Counter[tuple[str, str]] = Counter()
    own: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(SOURCE):
            return
        file = code.co_filename.removeprefix(SOURCE)
        if file.startswith(("simulator", "cli")):
            return
        calls[file, code.co_qualname] += 1
        if code.co_name == "__init__" and code is type(made := frame.f_locals["self"]).__init__.__code__:
            own[type(made).__qualname__] += 1  # once, however many classes it inherits from

    _made.clear()
    sys.setprofile(count)
    try:
        answer = await _ask(port, path)
        await asyncio.sleep(0.01)  # the record is told a turn after the last byte
    finally:
        sys.setprofile(None)
    files: Counter[str] = Counter()
    for (file, _), times in calls.items():
        files[file] += times
    return Walk(name, calls.total(), len(calls), files, own, _made.copy(), answer.count(b"data:"))


async def _ask(port: int, path: str) -> bytes:
    """The bytes of an answer on a connection of its own."""
    body = json.dumps(_ASKED).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\n"
    writer.write(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:500]
    return answer


@asynccontextmanager
async def _server(simulator: Simulator) -> AsyncIterator[int]:
    """A server on the simulator, in this event loop; its port."""
    loaded = _settings(simulator)
    store = MemoryTokenStore(Login(Secret(simulator.login_token), LoginSource.ENVIRONMENT, "the simulator"))
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    identity = Identity("0", os.getpid(), time.time(), _NOWHERE, ports=[port])
    listening = asyncio.Event()
    async with open_parts(loaded, store) as parts:
        served = serve(loaded, parts.gateway, parts.seat, sockets, identity, on_listening=listening.set)
        serving = asyncio.ensure_future(served)
        await listening.wait()
        try:
            yield port
        finally:
            serving.cancel()
            await asyncio.wait([serving])


def _settings(simulator: Simulator) -> Loaded:
    flags = {**flags_of(simulator.config_toml()), "server.host": "127.0.0.1", "server.port": 0}
    return load(flags=flags, config_path=None, environ={}, cwd=_NOWHERE, user_dir=_NOWHERE)


def table(walks: list[Walk], *, every: bool = False) -> str:
    """The figures as a person reads them; with `every`, each file and each object, too."""
    columns = ("calls", "functions", "files", "objects", "structs", "events")
    lines = [" " * 12 + "".join(f"{column:>11}" for column in columns)]
    for walk in walks:
        totals = (len(walk.files), walk.objects.total(), walk.structs.total())
        figures = (walk.calls, walk.functions, *totals, walk.events)
        lines.append(f"{walk.name:12}" + "".join(f"{figure:>11}" for figure in figures))
    for walk in walks if every else ():
        for what, counts in (("files", walk.files), ("objects", walk.objects), ("structs", walk.structs)):
            lines += ["", f"{walk.name}: {what}", *(f"{times:>8}  {name}" for name, times in counts.most_common())]
    return "\n".join(lines)


def main() -> None:
    """Print them."""
    print_lines([table(asyncio.run(walks()), every="--all" in sys.argv)])


if __name__ == "__main__":
    main()
