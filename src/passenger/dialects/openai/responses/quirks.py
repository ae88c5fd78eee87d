"""Fix-ups of relayed Responses, one function each: the reason, the date it was last seen, and a test by its name."""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw

from passenger.chat import signatures
from passenger.chat.capabilities import Capabilities
from passenger.chat.events import AnswerIdentity, Usage
from passenger.chat.prompt import Ask
from passenger.dialects.openai.responses import compaction
from passenger.dialects.openai.responses.peek import may_be_ours
from passenger.dialects.openai.responses.relay import (
    CompactionRelay,
    StableIds,
    StreamRelay,
    keep_last_compaction,
    to_raw,
)
from passenger.dialects.openai.responses.request_out import MIN_OUTPUT_TOKENS
from passenger.dialects.openai.responses.response_object import complete_object
from passenger.dialects.openai.responses.stream_events import read_response, read_usage
from passenger.dialects.thinking import fit_effort
from passenger.jsontext.paths import Path
from passenger.jsontext.raw_object import RawObject, split, split_array, split_object

EFFORT: Path = ("reasoning", "effort")

INTERNAL_FIELDS = ("internal_chat_message_metadata_passthrough", "encrypted_function_args")
"""Bookkeeping of Codex: turns and times, and which arguments of a call are encrypted. Nothing of it reaches a model."""


# --- requests ----------------------------------------------------------------------------------------------------


def prepare(body: RawObject, ask: Ask, capabilities: Capabilities) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Edit a request for Copilot. An input without ids keeps its bytes."""
    dropped = (
        *leave_out_store(body),
        *leave_out_service_tier(body),
        *raise_limit(body),
        *edit_items(body, ask, capabilities),
    )
    return {}, (*dropped, *fit_effort(body, capabilities, EFFORT))


def leave_out_store(body: RawObject) -> Iterator[str]:
    """Take out `store: true`: Copilot keeps nothing and refuses it (2026-08)."""
    if "store" in body and body.get("store") is not False:
        yield from _drop(body, "store")


def leave_out_service_tier(body: RawObject) -> Iterator[str]:
    """Take out `service_tier`, which Copilot refuses whatever it says (2026-08)."""
    if "service_tier" in body:
        yield from _drop(body, "service_tier")


def _drop(body: RawObject, name: str) -> Iterator[str]:
    is_set = body.get(name) is not None
    body.drop(name)
    if is_set:
        yield name


def raise_limit(body: RawObject) -> Iterator[str]:
    """Raise a limit that is below Copilot's least (2026-08): Codex asks for one token to load a model."""
    limit = body.get("max_output_tokens")
    if isinstance(limit, int) and not isinstance(limit, bool) and limit < MIN_OUTPUT_TOKENS:
        body.set("max_output_tokens", MIN_OUTPUT_TOKENS)
        yield "max_output_tokens"


def edit_items(body: RawObject, ask: Ask, capabilities: Capabilities) -> Iterator[str]:
    """Take out of the items what Copilot refuses: ids of another connection (2026-09), and Codex's internal fields.

    Reasoning that another vendor signed is left out with its item, because Copilot refuses what it cannot decrypt. A
    conversation that was compacted here becomes the summary that a model can read.
    """
    if ask.signs == frozenset():
        return
    items = _items(body)
    edited = [_edit_item(item, capabilities, index) for index, item in enumerate(items)]
    if edited != items:
        body.set("input", [Raw(item) for item in edited if item is not None])
    if None in edited:
        yield "encrypted_content"


_ENCRYPTED = "encrypted_content"
_EDITED_FIELDS = frozenset({"id", _ENCRYPTED, *INTERNAL_FIELDS})


def _edit_item(raw: bytes, capabilities: Capabilities, index: int) -> bytes | None:
    """One item without its id and with its own signature unwrapped; None where another vendor signed it."""
    fields = split(raw)
    if fields is not None and _EDITED_FIELDS.isdisjoint(fields):
        return raw
    item = RawObject(raw, fields)
    item.drop("id")
    leave_out_internal_fields(item)
    if fields is not None and not may_be_ours(item.raw_value(_ENCRYPTED)):
        return item.encode()
    encrypted = item.get(_ENCRYPTED)
    if isinstance(encrypted, str) and signatures.is_wrapped(encrypted):
        if item.get("type") in compaction.ITEMS:
            return compaction.restore_summary(item, encrypted, f"input[{index}].encrypted_content")
        signature = signatures.unwrap(encrypted)
        if not signatures.belongs_to(signature, "responses", capabilities.vendor) or not signature.value.isascii():
            return None
        item.set(_ENCRYPTED, signature.value)
    return item.encode()


def leave_out_internal_fields(item: RawObject) -> None:
    """Take Codex's internal fields out of one item: Copilot refuses each as unknown (2026-11).

    Codex adds them to every item for its built-in provider, wherever that points, and to none for a provider of another
    name (https://github.com/openai/codex, `codex-rs/core/src/client.rs`). Nothing is lost, so nothing is named.
    """
    for name in INTERNAL_FIELDS:
        item.drop(name)


def _items(body: RawObject) -> list[bytes]:
    """The raw items of the input, none where it is a text."""
    items = body.raw_value("input")
    return split_array(items) if items.startswith(b"[") else []


# --- streams -----------------------------------------------------------------------------------------------------


def relay(ask: Ask, identity: AnswerIdentity) -> StreamRelay:
    """The relay of one streamed answer."""
    return CompactionRelay(identity) if ask.compacts else StreamRelay(identity)


# --- whole answers -----------------------------------------------------------------------------------------------


def complete(data: bytes, model: str, identity: AnswerIdentity) -> tuple[bytes, Usage | None]:
    """See `Outbound.complete`. Ids become stable, and fields of OpenAI's that are missing are added."""
    answer = split_object(data)
    whole = read_response(data)
    if whole.output is None:
        raise msgspec.ValidationError("it has no output")
    keep_last_compaction(answer)
    StableIds(identity).rewrite_response(answer)
    answer.setdefault("created_at", to_raw(identity.created))
    answer.setdefault("model", to_raw(model))
    complete_object(answer, identity.echo)
    # The Node SDK sets the text itself, but only where the field is missing.
    if bytes(answer.get("output_text", b"")) == b"null":
        del answer["output_text"]
    return msgspec.json.encode(answer), read_usage(whole, whole.copilot_usage)
