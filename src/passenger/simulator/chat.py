"""`POST /chat/completions`: valid request in, the vendor's wire out (upstream.md 4); it hides which vendor it is."""

from dataclasses import dataclass

from passenger.simulator.answers import answer, last_user_text
from passenger.simulator.catalogue import Catalogue, Model
from passenger.simulator.faults import Directive, Fault, directives, header_directives
from passenger.simulator.recorded import Recorded
from passenger.simulator.reply import go_json, raw_json
from passenger.simulator.validation import read_chat
from passenger.simulator.vendors import WIRES, Wanted

PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a generating path needs to answer: the request, and what surrounds it."""

    request: Recorded
    fault: Fault
    catalogue: Catalogue
    enabled: set[str]
    created: int
    seed: int


@dataclass(frozen=True, slots=True)
class Generated:
    """The model that answered and its answer: a body, or the JSON of each event."""

    model: Model
    body: bytes | tuple[bytes, ...]


def orders(request: Recorded) -> list[Directive]:
    """The directives of a request: those in its last user message, then those in its header."""
    found: list[Directive] = []
    if b"[[" in request.body and request.route == PATH:
        found += directives(_text(request))
    if (header := request.header("x-simulator-fault")) is not None:
        found += header_directives(header)
    return found


def reply_to(asked: Asked) -> Generated:
    """Answer a chat request; raises RefusedError when CAPI would not."""
    request = asked.request
    body, model = read_chat(request, asked.catalogue, asked.enabled, PATH)
    unicode = asked.fault.unicode_separators
    said = answer(body, request.body, model, orders(request), seed=asked.seed, unicode=unicode)
    include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    wanted = Wanted(said, model, asked.created, include_usage=include_usage)
    wire = WIRES[model.vendor]
    encode = raw_json if unicode else go_json
    if body.get("stream") and not asked.fault.json_for_stream:
        return Generated(model, tuple(encode(event, ordered=wire.SORTED) for event in wire.events(wanted)))
    return Generated(model, encode(wire.body(wanted), ordered=wire.SORTED))


def _text(request: Recorded) -> str:
    try:
        return last_user_text(request.json())
    except ValueError:  # no JSON, no directives; the handler will refuse it
        return ""
