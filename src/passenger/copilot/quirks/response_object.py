"""What the response objects of Copilot lack of OpenAI's (2026-08): clients with a schema refuse one that is short.

Facts: the OpenAI API reference ("The response object") and the Open Responses specification
(https://www.openresponses.org/specification), whose required fields these are.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from passenger.body import Fields

NULL = Raw(b"null")
ZERO = Raw(b"0")

LEFT_OUT: Mapping[str, Raw] = {
    "object": Raw(b'"response"'),
    "error": NULL,
    "metadata": Raw(b"{}"),
    "store": Raw(b"false"),
    "user": NULL,
    "background": Raw(b"false"),
    "completed_at": NULL,
    "presence_penalty": ZERO,
    "frequency_penalty": ZERO,
    "top_logprobs": ZERO,
    "max_tool_calls": NULL,
    "prompt_cache_key": NULL,
}
"""What each field says where it is missing: `prompt_cache_key` everywhere, the others in whole answers."""

COUNTS: Mapping[str, tuple[str, ...]] = {
    "input_tokens_details": ("cached_tokens", "cache_write_tokens"),
    "output_tokens_details": ("reasoning_tokens",),
}
"""The counts that a usage has beside its sums; none that were told of are zeros."""

_FIELDS = msgspec.json.Decoder(Fields)


def complete_object(response: Fields) -> None:
    """Add every field that is missing; none that is there is touched."""
    for name, value in LEFT_OUT.items():
        response.setdefault(name, value)
    if bytes(response.get("usage", NULL)).startswith(b"{"):
        response["usage"] = _completed_usage(response["usage"])


def _completed_usage(raw: Raw) -> Raw:
    """A usage with all its counts, its own bytes where it has them."""
    usage = _FIELDS.decode(raw)
    short = False
    for name, counts in COUNTS.items():
        given = bytes(usage.get(name, NULL))
        details = _FIELDS.decode(given) if given.startswith(b"{") else {}
        if any(count not in details for count in counts):
            short = True
            usage[name] = Raw(msgspec.json.encode(dict.fromkeys(counts, ZERO) | details))
    return Raw(msgspec.json.encode(usage)) if short else raw
