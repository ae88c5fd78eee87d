"""What shows that a session runs away: pure functions over the trail of its latest turns."""

from collections import deque
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

NANO = 1_000_000_000
"""Nano credits of a credit."""

REPEATS_WITHIN = 600.0
"""Seconds within which equal requests count as repeats."""

LAST_STEPS = 7
"""Steps of an agent among which equal ones count as a loop."""

SPENT_WITHIN = 300.0
"""Seconds over which spending is summed."""

LARGE_INPUT, COLD_TURNS = 50_000, 5
"""Tokens of a prompt, and so many turns in a row of which none was read from Copilot's cache."""

_BUCKET = 10.0
"""Seconds of which the spending is kept as one sum."""

DetectorName = Literal["repeats", "tool_loop", "velocity", "chain", "cold_cache"]


class Thresholds(Struct, frozen=True):
    """At what the detectors trip; 0 never. `velocity` is in nano credits, at least so much within five minutes."""

    repeats: int = 4
    tool_loop: int = 5
    velocity: int = 200 * NANO
    chain: int = 400


class WatchedTurn(Struct, frozen=True):
    """One request of a session."""

    session: str
    owner: str
    """Whose session it is."""
    body: int
    """A digest of the request."""
    step: int = 0
    """A digest of the calls and results that it ends with; 0 where it ends with no result of a tool."""
    is_typed: bool = False
    """Whether a person caused it."""


class Outlay(Struct, frozen=True):
    """What the answer has cost: nano credits, tokens read, and those of them that came from Copilot's cache."""

    nano: int = 0
    input: int = 0
    cached: int = 0


class Trip(Struct, frozen=True):
    """A detector that has tripped, and why, in words."""

    detector: DetectorName
    why: str


class Trail(Struct):
    """What is remembered of a session."""

    bodies: deque[tuple[float, int]] = field(default_factory=deque)
    """When the latest requests came, and their digests."""
    steps: deque[int] = field(default_factory=lambda: deque(maxlen=LAST_STEPS))
    spent: deque[tuple[float, int]] = field(default_factory=deque)
    """When the sums of the last minutes began, and the sums in nano credits."""
    chained: int = 0
    """Steps since a person has typed."""
    cold: int = 0
    """Large turns in a row of which nothing was read from the cache."""


def look_at(trail: Trail, turn: WatchedTurn, outlay: Outlay, now: float, limits: Thresholds) -> Iterator[Trip]:
    """Note a turn that was answered, at `now` in seconds; gives what has tripped."""
    found = (
        find_repeats(trail, turn, now, limits.repeats),
        find_tool_loop(trail, turn, limits.tool_loop),
        find_velocity(trail, outlay, now, limits.velocity),
        find_chain(trail, turn, limits.chain),
        find_cold_cache(trail, outlay),
    )
    return (trip for trip in found if trip is not None)


def find_repeats(trail: Trail, turn: WatchedTurn, now: float, most: int) -> Trip | None:
    """The same request again and again, though each was answered. Retries of SDKs follow errors."""
    if not most:
        return None
    bodies = trail.bodies
    bodies.append((now, turn.body))
    while len(bodies) > 2 * most or now - bodies[0][0] > REPEATS_WITHIN:
        bodies.popleft()
    count = sum(body == turn.body for _, body in bodies)
    if count < most:
        return None
    return Trip("repeats", f"the same request was answered {count} times within 10 minutes")


def find_tool_loop(trail: Trail, turn: WatchedTurn, most: int) -> Trip | None:
    """The same calls with the same results again and again. Who edits and tests gets other results."""
    if not most or not turn.step:
        return None
    trail.steps.append(turn.step)
    count = trail.steps.count(turn.step)
    if count < most:
        return None
    return Trip("tool_loop", f"{count} of the last {LAST_STEPS} steps called the same tools with the same results")


def find_velocity(trail: Trail, outlay: Outlay, now: float, most: int) -> Trip | None:
    """More spent within five minutes than a session may."""
    if not most:
        return None
    spent = trail.spent
    if spent and now - spent[-1][0] < _BUCKET:
        began, before = spent.pop()
        spent.append((began, before + outlay.nano))
    else:
        spent.append((now, outlay.nano))
    while now - spent[0][0] > SPENT_WITHIN:
        spent.popleft()
    total = sum(nano for _, nano in spent)
    if total <= most:
        return None
    return Trip("velocity", f"{total / NANO:,.0f} credits were spent within 5 minutes, more than {most / NANO:,.0f}")


def find_chain(trail: Trail, turn: WatchedTurn, most: int) -> Trip | None:
    """An agent that goes on and on, and no person types."""
    if turn.is_typed:
        trail.chained = 0
    elif turn.step:
        trail.chained += 1
    if not most or trail.chained <= most:
        return None
    return Trip("chain", f"the agent took {trail.chained:,} steps since a person last typed")


def find_cold_cache(trail: Trail, outlay: Outlay) -> Trip | None:
    """Large prompts of which Copilot reads nothing from its cache, so that each is paid for in full."""
    if outlay.input <= LARGE_INPUT:
        return None
    trail.cold = 0 if outlay.cached else trail.cold + 1
    if trail.cold < COLD_TURNS:
        return None
    return Trip("cold_cache", f"{trail.cold} large prompts in a row were not read from Copilot's prompt cache")
