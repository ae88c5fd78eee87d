"""Whose seat it is, and on which plan."""

from collections.abc import Sequence

from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, skip, warn
from passenger.errors import Failure, Kind

ID = "seat"
PAGE = "https://github.com/settings/copilot"


async def check(facts: Facts) -> Sequence[Finding]:
    """What GitHub says of the seat, and whether it gives a token for it."""
    try:
        await facts.access()
    except Failure as failure:
        if failure.kind is Kind.FORBIDDEN:
            return [fail(ID, str(failure), "passenger login", PAGE)]
        return [skip(ID, "without a token nothing can be told")]
    try:
        seat = await facts.seat()
    except Failure as failure:
        return [warn(ID, f"there is a token, and GitHub does not say whose: {failure}", see=PAGE)]
    who = seat.login or "an account without a name"
    return [ok(ID, f"{who}, Copilot {seat.copilot_plan or 'of an unknown plan'}")]
