"""What a server says that it will go without."""

from pathlib import Path

import aiohttp
import pytest

from passenger.cli.serve.listening import repeat_port, unwritable
from passenger.config.invocation import DEFAULT_PORT, Invocation
from passenger.server.control.handshake import read_or_make_secret
from passenger.simulator import Simulator
from passenger.simulator.account import PERSONAL_INTEGRATION, PERSONAL_TOKEN
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


FINE_GRAINED = {"COPILOT_GITHUB_TOKEN": PERSONAL_TOKEN}


async def test_a_fine_grained_token_serves_as_the_integration_that_was_set_and_is_disclosed(
    simulator: Simulator, home: Path
) -> None:
    config = f'[copilot]\napi_base_url = "{simulator.url}"\nintegration_id = "{PERSONAL_INTEGRATION}"\n'
    async with running(simulator, home, config=config, env=FINE_GRAINED) as proxy:
        (line,) = [line for line in proxy.lines if "fine-grained" in line]
        assert "WARN" in line
        assert f"as integration {PERSONAL_INTEGRATION}" in line
        assert "never tried with the real service" in line
        assert not [line for line in proxy.lines if PERSONAL_TOKEN in line]
        async with aiohttp.ClientSession() as http, http.get(f"{proxy.url}/v1/models") as answer:
            assert answer.status == 200
    assert {request.header("copilot-integration-id") for request in simulator.seen("/models")} == {PERSONAL_INTEGRATION}


async def test_a_fine_grained_token_does_not_serve_as_an_editor(simulator: Simulator, home: Path) -> None:
    with pytest.raises(AssertionError, match=r"\[copilot\] integration_id is set to what GitHub requires"):
        async with running(simulator, home, env=FINE_GRAINED):
            pass
    assert simulator.requests == []


async def test_a_seat_that_is_shared_is_told_at_the_start(simulator: Simulator, home: Path) -> None:
    config = '[team]\nshare_personal_seat = "i-understand"\n'
    async with running(simulator, home, config=config) as proxy:
        (line,) = [line for line in proxy.lines if "share_personal_seat" in line]
        assert "WARN" in line
        assert "which GitHub sells for that person alone" in line
