"""The process with the store of all workers, where it cannot be started or has no room for its socket."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

from passenger.server.process.store_process import PAUSE, StoreProcess


def test_one_that_cannot_be_started_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> NoReturn:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    process = StoreProcess(lambda *_: None, [])
    try:
        monkeypatch.setattr(os, "fork", refuse)
        before = set(Path("/proc/self/fd").iterdir())
        process.start(100.0, -1, lambda: None)
        assert set(Path("/proc/self/fd").iterdir()) == before
        assert process.due == 100.0 + PAUSE
        assert not process.is_running()
        assert "cannot be started: Resource temporarily unavailable" in caplog.text
    finally:
        process.close()


def test_its_socket_has_a_place_where_the_temporary_directory_has_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    process = StoreProcess(lambda *_: None, [])
    directory = Path(process.path).parent
    assert directory.stat().st_mode & 0o777 == 0o700
    process.close()
    assert not directory.exists()


STOPPED = """
import os, pathlib, time
from passenger.server.process.store_process import StoreProcess

process = StoreProcess(lambda _, orders, __: os.read(orders, 1), [])
directory = pathlib.Path(process.path).parent
process.start(time.monotonic(), -1, lambda: None)
process.close_orders()
os.waitpid(process.pid, 0)
print(directory.exists())
"""


def test_one_that_is_told_to_stop_removes_its_directory_while_its_supervisor_still_is_its_parent() -> None:
    """As a supervisor is that is being killed: its files are closed before its children get another parent."""
    ran = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n", ran.stderr
