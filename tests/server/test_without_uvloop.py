"""What is judged on raw sockets, once more on asyncio's own event loop: Windows has no other."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.proxy import PROGRAM
from tests.server import test_cancel, test_protocol, test_shutdown
from tests.server.bench import bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAIN = "from passenger.cli import main; raise SystemExit(main())"
WITHOUT = ("-c", f"import passenger.wiring as parts; parts._loop_factory = lambda: None; {MAIN}")


@pytest.fixture(scope="module", autouse=True)
def without_uvloop() -> Iterator[None]:
    """Let every bench run on asyncio's own loop."""
    made: Any = bench
    options = made.__wrapped__.__kwdefaults__
    assert options["program"] is PROGRAM
    options["program"] = WITHOUT
    yield
    options["program"] = PROGRAM


def _judging(module: ModuleType) -> dict[str, object]:
    """The tests of another module, and the fixtures that it brings."""
    return {
        name: value
        for name, value in vars(module).items()
        if name.startswith("test_") or type(value).__name__ == "FixtureFunctionDefinition"
    }


for judged in (test_protocol, test_cancel, test_shutdown):
    globals().update(_judging(judged))
