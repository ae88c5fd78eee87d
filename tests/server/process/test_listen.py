"""Who holds a port."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from passenger.server.process.listen import holder_of


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows it")
def test_the_process_that_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (holder_of(port) or "").endswith(f"(process {os.getpid()})")
    assert holder_of(port) is None


PROGRAM = """
import socket, sys
open("/proc/self/comm", "wb").write(bytes.fromhex(sys.argv[1]))
with socket.create_server(("127.0.0.1", 0)) as taken:
    print(taken.getsockname()[1], flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows it")
@pytest.mark.parametrize(("name", "shown"), [(b"\xff\xfe", "??"), (b"a\x1b[2Jb", "a?[2Jb")], ids=["bytes", "escape"])
def test_a_name_that_is_no_text_or_would_steer_the_terminal_is_shown_as_text(name: bytes, shown: str) -> None:
    command = [sys.executable, "-c", PROGRAM, name.hex()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert holder_of(int(process.stdout.readline())) == f"{shown} (process {process.pid})"
        finally:
            process.stdin.close()
