"""`python -m stress.probe` is the `passenger` command with a thread that tells what its memory holds, on a socket."""

import ctypes
import gc
import json
import os
import socket
import sys
import threading
import tracemalloc
from collections import Counter
from contextlib import closing
from typing import Any

SOCKET, FRAMES = "STRESS_PROBE", "STRESS_TRACE"
"""Variables: where to listen, and how many frames `tracemalloc` keeps of each allocation (none: it is off)."""

TOP = 12
"""Lines of a list that are told."""


class _Mallinfo(ctypes.Structure):
    """What mallinfo2(3) gives."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *(
                "arena",
                "ordblks",
                "smblks",
                "hblks",
                "hblkhd",
                "usmblks",
                "fsmblks",
                "uordblks",
                "fordblks",
                "keepcost",
            ),
        )
    )


def counts() -> dict[str, float]:
    """What is cheap to know: MB that malloc has handed out, keeps free and maps, and the objects of Python's own."""
    found: dict[str, float] = {"python blocks": sys.getallocatedblocks()}
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is not None:
        mallinfo.restype = _Mallinfo
        info: Any = mallinfo()  # Any: ctypes makes the fields
        found |= {"malloc used": info.uordblks, "malloc free": info.fordblks, "malloc mapped": info.hblkhd}
    return {name: value if "blocks" in name else value / 2**20 for name, value in found.items()}


def types() -> dict[str, int]:
    """How many objects of each type the collector knows, after it has collected."""
    gc.collect()
    return Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())


def places() -> dict[str, int]:
    """Bytes by the line that has allocated them, where they are traced."""
    if not tracemalloc.is_tracing():
        return {}
    found = tracemalloc.take_snapshot().statistics("lineno")
    return {str(one.traceback): one.size for one in found}


ANSWERS = {b"counts": counts, b"types": types, b"places": places}


def _serve(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            with closing(listening.accept()[0]) as asking:
                asking.sendall(json.dumps(ANSWERS[asking.recv(16)]()).encode())


def ask(path: str, question: str) -> dict[str, float]:
    """The answer of a process that runs with its socket there."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(path)
        wire.sendall(question.encode())
        found: dict[str, float] = json.loads(b"".join(iter(lambda: wire.recv(65536), b"")))
    return found


def grown(before: dict[str, float], after: dict[str, float]) -> list[tuple[str, float]]:
    """What has grown, the most first."""
    growth = {name: value - before.get(name, 0) for name, value in after.items()}
    return sorted(((name, more) for name, more in growth.items() if more > 0), key=lambda one: -one[1])[:TOP]


def main() -> int:
    """Listen, and be `passenger`."""
    if frames := int(os.environ.get(FRAMES, "0")):
        tracemalloc.start(frames)
    threading.Thread(target=_serve, args=[os.environ[SOCKET]], name="probe", daemon=True).start()
    from passenger.cli import main as passenger  # noqa: PLC0415 - what it allocates is to be traced

    code: int = passenger()
    return code


if __name__ == "__main__":
    sys.exit(main())
