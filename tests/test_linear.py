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

from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Prompt
from passenger.dialects import Inbound, Outbound, Request, caps, embeddings
from passenger.dialects.openai.embeddings import EMBEDDINGS
from passenger.dialects.registry import INBOUND, OUTBOUND
from passenger.errors import Failure
from passenger.jsontext import body_checks
from passenger.jsontext.raw_object import RawObject
from passenger.limits import Limits
from tests.growth import MOST, compared

WORTH, EMBEDDED = 0.02, 0.05
"""Seconds of CPU that are enough to compare, of what is read once for all dialects and of an embedding."""

FIRST, LAST = 1 << 18, 1 << 20
"""The shortest and the longest body that is tried for that."""

LIFTED = Limits(
    **dict.fromkeys(
        ("max_values", "max_messages", "max_parts", "max_calls", "max_tools", "max_stops", "max_name"), 10**9
    )
)
NAMES = {"completions": "completions", "generate": "ollama_generate"}
ABLE = {
    "completions": Capabilities("google"),
    "messages": Capabilities("anthropic"),
    "responses": Capabilities("openai"),
}
PATH = {"model": "m", "action": "generateContent"}


def steps(name: str, body: bytes) -> Iterator[Callable[[], object]]:
    """All that may be done with a body, one after the other; each may refuse it, and what needs it then is not done."""
    request = Request(body, PATH)
    yield lambda: body_checks.measure(body, LIFTED)
    try:
        body_checks.check(body, request.fields, LIFTED.max_fields)
    except Failure:
        return
    if name == "embeddings":
        yield lambda: embedded(request)
        return
    inbound = next(one for one in INBOUND if NAMES.get(name, name) == one.name)
    if own := next((outbound for outbound in OUTBOUND if outbound.name == inbound.name), None):
        yield partial(relayed, inbound, own, request)
    read: list[Prompt] = []
    yield lambda: read.append(prompt_of(inbound, request))
    for prompt in read:
        for outbound in OUTBOUND:
            yield partial(written, outbound, prompt)


def relayed(inbound: Inbound, own: Outbound, request: Request) -> None:
    ask, body = inbound.peek(request), RawObject(request.body, request.fields)
    caps.check_relayed(request.fields, LIFTED)
    body.set("model", "m")
    own.prepare(body, ask, ABLE[inbound.name])
    body.encode()


def prompt_of(inbound: Inbound, request: Request) -> Prompt:
    inbound.peek(request)
    prompt = inbound.read_prompt(request)
    caps.check_prompt(prompt, LIFTED, inbound.fields)
    return prompt


def written(outbound: Outbound, prompt: Prompt) -> None:
    outbound.write_prompt(prompt, ABLE[outbound.name]).encoded()


def embedded(request: Request) -> None:
    ask = EMBEDDINGS.read(request, lambda ids: "a" * len(ids))
    for body in embeddings.write_requests(ask, "m", None):
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


def growth(name: str, shape: Shape, first: int) -> float:
    """What twice the length costs: of the shortest body that is worth comparing, or of the longest one."""
    size, body, worth = first, shape(first), EMBEDDED if name == "embeddings" else WORTH
    while (once := seconds(name, body)) < worth and size < LAST:
        size *= 2
        body = shape(size)
    if once < worth:
        return 2.0  # no body of a megabyte takes any time
    return compared(once, partial(seconds, name, body), partial(seconds, name, shape(2 * size)))


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
    # So does one length of them, where the allocator asks the system anew each time: each try begins with another.
    tried = (growth(name, shapes(WAYS[name])[shape], FIRST + FIRST * number // 8) for number in range(8))
    assert any(one <= MOST for one in tried)
