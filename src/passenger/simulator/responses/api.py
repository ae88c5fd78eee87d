"""`POST /responses` over HTTP: valid request in, a response or its events out; it joins their parts."""

from passenger.simulator.answers import answer
from passenger.simulator.billing import counts_of
from passenger.simulator.reply import Event, go_json
from passenger.simulator.responses.events import events_of
from passenger.simulator.responses.ids import Ids
from passenger.simulator.responses.items import last_user_text
from passenger.simulator.responses.question import prefixes_of, question_of
from passenger.simulator.responses.shapes import Told, body_of
from passenger.simulator.responses.validation import read_response
from passenger.simulator.surface import Asked, Generated, Surface

PATH = "/responses"

CODES = {400: "invalid_prompt", 429: "rate_limit_exceeded"}


def reply_to(asked: Asked) -> Generated:
    """Answer a request; raises RefusedError when CAPI would not."""
    body, model = read_response(asked, PATH)
    cached = asked.cache.use(model.id, prefixes_of(body))
    raw, unicode = asked.request.body, asked.fault.unicode_separators
    said = answer(question_of(body), raw, model, asked.orders, seed=asked.seed, unicode=unicode, cached=cached)
    told = Told(said, model, body, asked.created, Ids(asked.account.login, said.digest))
    counts = counts_of(said, model)
    if asked.streams(body):
        events = tuple(asked.named(event) for event in events_of(told, asked.fault.fail_after))
        return Generated(model, events, counts, said.reasoning_tokens, error=error_event)
    return Generated(model, asked.encode(body_of(told)), counts)


def error_event(status: int, before: int) -> Event:
    """The flat event that ends a stream which fails after its 200."""
    code = CODES.get(status, "server_error")
    error = {"code": code, "message": "Simulated failure in mid-stream.", "param": None, "sequence_number": before}
    return Event(go_json(error | {"type": "error"}), "error")


SURFACE = Surface(reply_to, last_user_text)
