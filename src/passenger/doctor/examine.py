"""All checks at once, each of them bounded."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from passenger.doctor import (
    clients,
    clock,
    config,
    files,
    login,
    models,
    ollama,
    program,
    proxy,
    seat,
    server,
    upstream,
)
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail

log = logging.getLogger(__name__)

Check = Callable[[Facts], Awaitable[Sequence[Finding]]]

PARTS: Mapping[str, Check] = {
    "program": program.check,
    "config": config.check,
    "server": server.check,
    "files": files.check,
    "login": login.check,
    "seat": seat.check,
    "models": models.check,
    "clock": clock.check,
    "proxy": proxy.check,
    "upstream": upstream.check,
    "ollama": ollama.check,
    "client": clients.check,
}
"""In the order in which they are told."""

PATIENCE = 30.0
"""Seconds that a check may take; several ask GitHub, each of whose answers may take a while."""


async def examine(facts: Facts, parts: Mapping[str, Check] = PARTS, patience: float = PATIENCE) -> Sequence[Finding]:
    """What all checks have found."""
    found = await asyncio.gather(*(_looked(name, check, facts, patience) for name, check in parts.items()))
    return [finding for findings in found for finding in findings]


async def _looked(name: str, check: Check, facts: Facts, patience: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await check(facts)
    except TimeoutError:
        return [fail(name, f"nothing could be told within {patience:.0f} s", "passenger doctor")]
    except Exception:
        log.exception("the check %s", name)
        return [fail(name, "Passenger failed to look at it; the log says more", "passenger doctor -v")]
