"""What many tests need: a simulated Copilot, a real proxy on it, and an HTTP client."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, settings

from passenger.simulator import Simulator
from tests.proxy import Proxy, running

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30)
settings.register_profile("fast", parent=settings.get_profile("suite"), max_examples=3)
settings.register_profile("deep", deadline=None, max_examples=100_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


def pytest_configure() -> None:
    """Take Ctrl-C though a shell has put us in the background: what the tests start would ignore it, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory of the test's own."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """GitHub and Copilot on loopback."""
    async with Simulator(device_interval=0.01) as running_simulator:
        yield running_simulator


@pytest.fixture
async def proxy(simulator: Simulator, home: Path) -> AsyncIterator[Proxy]:
    """A real proxy process on the simulator."""
    async with running(simulator, home) as process:
        yield process


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that leaves nothing open."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session
