"""Who holds a port."""

import os
import socket
from pathlib import Path

import pytest

from passenger.control.ports import holder_of


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows it")
def test_the_process_that_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert (holder_of(port) or "").endswith(f"(process {os.getpid()})")
    assert holder_of(port) is None
