"""Runs a test once on each event loop that Passenger may run on."""

import asyncio
import functools
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if sys.platform != "win32":
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop

PATIENCE = 60.0
"""Seconds that a test may take."""


def on_each_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A coroutine as a test that runs it on each loop, where nothing may fail unseen."""

    @functools.wraps(test)
    def run(*args: Any, loop: str, **named: Any) -> None:
        failed: list[dict[str, Any]] = []
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: failed.append(context))
            runner.run(_within(test(*args, **named)))
        assert not failed, failed

    signature = inspect.signature(test)
    own = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
    parameters = [*signature.parameters.values(), own]
    run.__signature__ = signature.replace(parameters=sorted(parameters, key=lambda one: one.kind))  # type: ignore[attr-defined]  # pytest reads it
    marked: Callable[..., None] = pytest.mark.parametrize("loop", LOOPS)(run)
    return marked


async def _within(test: Awaitable[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        await test
