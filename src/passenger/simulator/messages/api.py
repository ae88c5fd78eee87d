"""`POST /v1/messages` and `/v1/messages/count_tokens`: valid request in, Claude's wire out; it joins their parts."""

from typing import Any

from passenger.simulator.answers import answer
from passenger.simulator.billing import counts_of
from passenger.simulator.citing import cited_blocks
from passenger.simulator.messages.errors import error_event
from passenger.simulator.messages.question import last_user_text, prefixes_of, prompt_tokens, question_of
from passenger.simulator.messages.validation import betas, read_count, read_message
from passenger.simulator.messages.wire import Told, body_of, events_of
from passenger.simulator.surface import Asked, Generated, Surface

PATH = "/v1/messages"
COUNT_PATH = "/v1/messages/count_tokens"
CONTEXT_BETA = "context-management-2025-06-27"


def reply_to(asked: Asked) -> Generated:
    """Answer a message; raises RefusedError when CAPI or the vendor would not."""
    body, model = read_message(asked, PATH)
    cached = asked.cache.use(model.id, prefixes_of(body))
    raw, unicode = asked.request.body, asked.fault.unicode_separators
    said = answer(question_of(body), raw, model, asked.orders, seed=asked.seed, unicode=unicode, cached=cached)
    told = Told(
        said,
        model,
        omits=_omits(body, adaptive_only=bool(model.flags.get("adaptive_only"))),
        edits=CONTEXT_BETA in betas(asked.request),
        bedrock=asked.fault.bedrock,
        pings=asked.fault.ping,
    )
    counts = counts_of(said, model)
    if asked.streams(body):
        written = cited_blocks(events_of(told)) if said.cites else events_of(told)
        events = tuple(asked.named(event) for event in written)
        return Generated(model, events, counts, said.reasoning_tokens, done=told.bedrock, error=error_event)
    return Generated(model, asked.encode(body_of(told)), counts)


def count(asked: Asked) -> Generated:
    """Count a prompt's tokens: what `usage` would say of the same body, its cached tokens included."""
    body, model = read_count(asked, PATH)
    return Generated(model, asked.encode({"input_tokens": prompt_tokens(body)}), metered=False)


def _omits(body: dict[str, Any], *, adaptive_only: bool) -> bool:
    """Whether thoughts are sealed but not shown; the newest models do so unless asked."""
    display = (body.get("thinking") or {}).get("display")
    return bool(display == "omitted" or (display is None and adaptive_only))


SURFACE = Surface(reply_to, last_user_text)
COUNT_SURFACE = Surface(count, last_user_text)
