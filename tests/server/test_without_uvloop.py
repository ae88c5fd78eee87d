"""What is judged on raw sockets, once more on asyncio's own event loop: Windows has no other."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.proxy import PROGRAM
from tests.server import test_cancel, test_protocol, test_shutdown
from tests.server.bench import bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAID = "on asyncio's own loop"
WITHOUT = (
    "-c",
    f"""
import asyncio, sys
import passenger.server.process.event_loop as event_loop
from passenger.cli import main

def new_loop():
    print("{SAID}", file=sys.stderr)
    return asyncio.new_event_loop()

event_loop._loop_factory = lambda: new_loop
raise SystemExit(main())
""",
)


@pytest.fixture(scope="module", autouse=True)
def without_uvloop() -> Iterator[None]:
    """Let every bench run on asyncio's own loop."""
    made: Any = bench
    options = made.__wrapped__.__kwdefaults__
    assert options["program"] is PROGRAM
    options["program"] = WITHOUT
    yield
    options["program"] = PROGRAM


async def test_it_is_asyncios_own_loop_that_is_judged(tmp_path: Path) -> None:
    async with bench(tmp_path) as own:
        assert own.proxy.logged(SAID)


def _judging(module: ModuleType) -> dict[str, object]:
    """The tests of another module, and the fixtures that it brings."""
    return {
        name: value
        for name, value in vars(module).items()
        if name.startswith("test_") or type(value).__name__ == "FixtureFunctionDefinition"
    }


for judged in (test_protocol, test_cancel, test_shutdown):
    globals().update(_judging(judged))
