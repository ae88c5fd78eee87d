from collections.abc import AsyncIterator

import pytest

from passenger.simulator import Simulator
from tests.simulator.client import Client, connected


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def client(sim: Simulator) -> AsyncIterator[Client]:
    async with connected(sim) as one:
        yield one
