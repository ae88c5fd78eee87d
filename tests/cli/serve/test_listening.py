"""What a server says that it will go without."""

from pathlib import Path

import pytest

from passenger.cli.serve.listening import repeat_port, unwritable
from passenger.config.invocation import DEFAULT_PORT, Invocation
from passenger.server.control.handshake import read_or_make_secret
from passenger.simulator import Simulator
from tests.proxy import running


@pytest.mark.proves("F14")
async def test_a_state_directory_that_cannot_be_written_is_told_before_it_serves(
    simulator: Simulator, home: Path
) -> None:
    (home / "state").write_text("in the way")
    async with running(simulator, home, env={"XDG_STATE_HOME": str(home / "state")}) as proxy:
        (line,) = [line for line in proxy.lines if "cannot be written" in line]
        assert proxy.lines.index(line) == 0
        assert "WARN" in line
        assert "will not know it as yours" in line


def test_where_the_secret_is_there_already_our_commands_know_it(tmp_path: Path) -> None:
    assert unwritable(tmp_path) is None
    read_or_make_secret(tmp_path)
    (tmp_path / "learned.json").mkdir()
    assert "is forgotten when it ends" in (told := unwritable(tmp_path) or "")
    assert "yours" not in told


@pytest.mark.parametrize(
    ("given", "port", "flag"),
    [(None, DEFAULT_PORT, ""), (None, 9000, ""), (DEFAULT_PORT, DEFAULT_PORT, " --port 8081"), (0, 43, " --port 43")],
)
def test_a_port_that_was_given_is_repeated_even_if_it_is_the_default(given: int | None, port: int, flag: str) -> None:
    assert repeat_port(Invocation(port=given), port) == flag
