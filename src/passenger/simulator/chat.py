"""`POST /chat/completions`: valid request in, the vendor's wire out."""

from passenger.simulator.answers import answer
from passenger.simulator.billing import counts_of
from passenger.simulator.chat_question import last_user_text, prefixes_of, question_of
from passenger.simulator.citing import cited_chunks
from passenger.simulator.reply import Event, go_json
from passenger.simulator.surface import Asked, Generated, Surface
from passenger.simulator.validation import read_chat
from passenger.simulator.vendors import WIRES, Wanted

PATH = "/chat/completions"

STATUS_NAMES = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


def reply_to(asked: Asked) -> Generated:
    """Answer a chat request; raises RefusedError when CAPI would not."""
    request = asked.request
    body, model = read_chat(asked, PATH)
    cached = asked.cache.use(model.id, prefixes_of(body, marked=model.vendor == "claude"))
    unicode = asked.fault.unicode_separators
    question = question_of(body, model)
    said = answer(question, request.body, model, asked.orders, seed=asked.seed, unicode=unicode, cached=cached)
    include_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    wanted = Wanted(said, model, asked.created, include_usage=include_usage)
    wire, counts = WIRES[model.vendor], counts_of(said, model)
    if asked.streams(body):
        told = cited_chunks(wire.events(wanted)) if said.cites else wire.events(wanted)
        events = tuple(asked.event(event, ordered=wire.SORTED) for event in told)
        return Generated(model, events, counts, said.reasoning_tokens, done=True, error=error_event)
    return Generated(model, asked.encode(wire.body(wanted), ordered=wire.SORTED), counts)


def error_event(status: int, _: int) -> Event:
    """The event that ends a stream which fails after its 200: an integer code, no choices."""
    error = {"code": status, "message": "Simulated failure in mid-stream.", "metadata": {}}
    return Event(go_json({"error": error | {"status": STATUS_NAMES.get(status, "Simulated")}}))


SURFACE = Surface(reply_to, last_user_text)
