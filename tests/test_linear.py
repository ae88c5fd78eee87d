"""Reading a request takes time in proportion to its length, whatever is in it: no shape makes twice as much cost more.

CPU time of this thread counts, never the clock on the wall. The limits are lifted, so that what lies behind them is
seen, too; a shape that is refused must be refused as cheaply.
"""

import gc
import time
from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import pytest
from stress.shapes import WAYS, Shape, shapes

from passenger import embeddings, wellformed
from passenger.body import Body
from passenger.chat import Abilities
from passenger.copilot.quirks import Quirks, completions, messages, responses
from passenger.dialects import Inbound, Request, caps
from passenger.dialects.registry import INBOUND, OUTBOUND
from passenger.errors import Failure
from passenger.limits import Limits

WORTH = 0.05
"""Seconds of CPU that are enough to compare."""

FIRST, LAST = 1 << 18, 1 << 20
"""The shortest and the longest body that is tried for that."""

MOST = 2.6
"""What twice the length may cost."""

LIFTED = Limits(
    **dict.fromkeys(
        ("max_values", "max_messages", "max_parts", "max_calls", "max_tools", "max_stops", "max_name"), 10**9
    )
)
NAMES = {"completions": "completions", "generate": "ollama_generate"}
QUIRKS: dict[str, Quirks] = {"completions": completions, "messages": messages, "responses": responses}
ABLE = {"completions": Abilities("google"), "messages": Abilities("anthropic"), "responses": Abilities("openai")}
PATH = {"model": "m", "action": "generateContent"}


def steps(name: str, body: bytes) -> Iterator[Callable[[], object]]:
    """All that may be done with a body, one after the other; each may refuse it, and the check ends it then."""
    request = Request(body, PATH)
    yield lambda: wellformed.measure(body, LIFTED)
    try:
        wellformed.check(body, request.fields, LIFTED.max_fields)
    except Failure:
        return
    if name == "embeddings":
        yield lambda: embedded(request)
        return
    inbound = next(one for one in INBOUND if NAMES.get(name, name) == one.NAME)
    if inbound.NAME in QUIRKS:
        yield lambda: relayed(inbound, request)
    for outbound in OUTBOUND:
        yield partial(translated, inbound, outbound.NAME, request)


def relayed(inbound: Inbound, request: Request) -> None:
    ask, body = inbound.peek(request), Body(request.body, request.fields)
    caps.check_relayed(request.fields, LIFTED)
    body.set("model", "m")
    QUIRKS[inbound.NAME].prepare(body, ask, ABLE[inbound.NAME])
    body.encode()


def translated(inbound: Inbound, name: str, request: Request) -> None:
    outbound = next(one for one in OUTBOUND if name == one.NAME)
    inbound.peek(request)
    prompt = inbound.read_prompt(request)
    caps.check_prompt(prompt, LIFTED, inbound.FIELDS)
    outbound.write_prompt(prompt, ABLE[name]).encoded()


def embedded(request: Request) -> None:
    ask = embeddings.openai.read(request, lambda ids: "a" * len(ids))
    for body in embeddings.upstream_bodies(ask, "m", None):
        msgspec.json.encode(body)


def seconds(name: str, body: bytes) -> float:
    """The CPU time that a body takes; what is refused takes it until then."""
    began = time.thread_time()
    for step in steps(name, body):
        try:
            step()
        except Failure:
            continue
    return time.thread_time() - began


def growth(name: str, shape: Shape) -> float:
    """What twice the length costs: of the shortest body that is worth comparing, or of the longest one."""
    size, body = FIRST, shape(FIRST)
    while (once := seconds(name, body)) < WORTH and size < LAST:
        size *= 2
        body = shape(size)
    if once < WORTH:
        return 2.0  # no body of a megabyte takes any time
    least = min(once, seconds(name, body), seconds(name, body))
    return min(until(least * MOST, partial(seconds, name, shape(2 * size)))) / least


def until(enough: float, measure: Callable[[], float]) -> Iterator[float]:
    """Up to three measures, none after a low one: the first body of a size pays for memory that later ones find."""
    for _ in range(3):
        yield (found := measure())
        if found <= enough:
            return


SHAPES = [(name, shape) for name, way in WAYS.items() for shape in shapes(way)]


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """Rounds of the collector come when they come, and are not measured."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.proves("N12", "promise 8", "F63")
@pytest.mark.parametrize(("name", "shape"), SHAPES, ids=lambda value: value.replace(" ", "-"))
def test_twice_as_much_takes_no_more_than_twice_the_time(name: str, shape: str) -> None:
    # Memory alone makes large dictionaries cost 1.9 to 3.0 from one time to the next; what is quadratic is 4 each time.
    tried = (growth(name, shapes(WAYS[name])[shape]) for _ in range(8))
    assert any(one <= MOST for one in tried)


def test_nothing_is_measured_again_after_a_low_one() -> None:
    times = iter([3.0, 1.0, 2.0])
    assert list(until(2.0, lambda: next(times))) == [3.0, 1.0]
