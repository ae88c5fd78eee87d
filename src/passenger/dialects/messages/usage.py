"""What a Messages answer says it used, and how we say it; it hides that Anthropic counts cached tokens apart."""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat import Usage


class _Details(Struct, gc=False):
    thinking_tokens: int | None = None


class WireUsage(Struct, gc=False):
    """Anthropic's `usage`; `input_tokens` leaves out what a cache gave or took."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class Bill(Struct, gc=False):
    """Copilot's `copilot_usage`: 1e9 nano are one AI credit."""

    total_nano_aiu: int | None = None


class Meter:
    """Adds up what the events of one answer say; a later count replaces an earlier one."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._thinking = 0
        self._nano_credits: int | None = None
        self._said = False

    @property
    def usage(self) -> Usage | None:
        """What has been said so far, None for nothing."""
        if not self._said:
            return None
        cached, written = self._count("cache_read_input_tokens"), self._count("cache_creation_input_tokens")
        return Usage(
            input=self._count("input_tokens") + cached + written,
            output=self._count("output_tokens"),
            cached=cached,
            reasoning=self._thinking,
            nano_credits=self._nano_credits,
            written=written,
        )

    def note(self, usage: WireUsage | None, bill: Bill | None = None) -> None:
        """Take what one event says."""
        if bill is not None and bill.total_nano_aiu is not None:
            self._nano_credits, self._said = bill.total_nano_aiu, True
        if usage is None:
            return
        self._said = True
        for name in _COUNTS:
            if (count := getattr(usage, name)) is not None:
                self._counts[name] = count
        if usage.output_tokens_details is not None:
            self._thinking = usage.output_tokens_details.thinking_tokens or 0

    def _count(self, name: str) -> int:
        return self._counts.get(name, 0)


_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class _Whole(Struct):
    usage: WireUsage | None = None
    copilot_usage: Bill | None = None


def usage_of(answer: bytes) -> Usage | None:
    """What a whole answer says it used.

    Raises:
        msgspec.MsgspecError: it is not JSON, or not of an answer's shape.
    """
    whole = msgspec.json.decode(answer, type=_Whole)
    meter = Meter()
    meter.note(whole.usage, whole.copilot_usage)
    return meter.usage


def write_usage(usage: Usage | None) -> dict[str, Any]:  # Any: the JSON edge
    """The same in Anthropic's words."""
    said = usage or Usage()
    return {
        "input_tokens": max(0, said.input - said.cached - said.written),
        "cache_creation_input_tokens": said.written,
        "cache_read_input_tokens": said.cached,
        "output_tokens": said.output,
        "output_tokens_details": {"thinking_tokens": said.reasoning},
    }
