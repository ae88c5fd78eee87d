"""A program that has the terminal while we wait."""

import os
import pty
import signal
import sys
from pathlib import Path

import pytest

from passenger.cli.launch.foreground import run
from tests.proxy import eventually

WAITING = """
import sys
from passenger.cli.launch.foreground import run
sys.exit(run(["/bin/sh", "-c", "echo $$ > pid.part; mv pid.part pid; exec sleep 300"], {}))
"""
SHELL = '"$0" -c "$1"; echo > stopped; read line; fg; echo $? > code.part; mv code.part code'
"""With jobs of its own, as a person's has: what stops gives the terminal back to it."""


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 9", 9), ("kill -TERM $$", 143)])
def test_the_exit_code_is_the_programs_own(script: str, code: int) -> None:
    assert run(["/bin/sh", "-c", script], {}) == code


def test_the_handlers_are_as_before_afterwards_and_the_program_has_the_defaults() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTSTP)}
    ignored = "import signal, sys; sys.exit(signal.getsignal(signal.SIGTSTP) != signal.SIG_DFL)"
    assert run([sys.executable, "-c", ignored], {}) == 0
    assert {number: signal.getsignal(number) for number in before} == before


async def test_in_a_terminal_ctrl_z_stops_both_and_ctrl_c_reaches_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shell, terminal = pty.fork()
    if shell == 0:
        os.execv("/bin/sh", ["/bin/sh", "-m", "-c", SHELL, sys.executable, WAITING])
    try:
        await eventually((tmp_path / "pid").exists)
        program = int((tmp_path / "pid").read_text())
        os.write(terminal, b"\x1a")
        await eventually((tmp_path / "stopped").exists)
        assert state(program) == "T"
        os.write(terminal, b"\n")
        await eventually(lambda: state(program) == "S")
        os.write(terminal, b"\x03")
        await eventually((tmp_path / "code").exists)
        assert (tmp_path / "code").read_text() == "130\n"
    finally:
        os.close(terminal)
        os.waitpid(shell, 0)


def state(process: int) -> str:
    """`S`leeping, s`T`opped, as the system shows it."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
