"""The `usage` of a Messages answer, read and written. Its `input_tokens` leave out cached tokens.

https://platform.claude.com/docs/en/api/messages
"""

from typing import Any

import msgspec
from msgspec import Struct

from passenger.chat.events import Usage
from passenger.dialects.copilot_usage import CopilotUsage


class _Details(Struct, gc=False):
    thinking_tokens: int | None = None


class WireUsage(Struct, gc=False):
    """Anthropic's `usage`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class UsageMeter:
    """Collects the usage that the events of one answer state; a later count replaces an earlier one."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._thinking = 0
        self._nano_credits: int | None = None
        self._stated = False

    @property
    def usage(self) -> Usage | None:
        """The usage so far, None where none was stated."""
        if not self._stated:
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

    def add(self, usage: WireUsage | None, bill: CopilotUsage | None = None) -> None:
        """Add what one event states."""
        if bill is not None and bill.total_nano_aiu is not None:
            self._nano_credits, self._stated = bill.total_nano_aiu, True
        if usage is None:
            return
        self._stated = True
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
    copilot_usage: CopilotUsage | None = None


def usage_of(answer: bytes) -> Usage | None:
    """The usage of a whole answer.

    Raises:
        msgspec.MsgspecError: it is not JSON, or not of an answer's shape.
    """
    whole = msgspec.json.decode(answer, type=_Whole)
    meter = UsageMeter()
    meter.add(whole.usage, whole.copilot_usage)
    return meter.usage


def write_usage(usage: Usage | None, searches: int = 0) -> dict[str, Any]:  # Any: the JSON edge
    """Write usage, and how often the web was searched, as Anthropic's object."""
    said = usage or Usage()
    served = {"server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 0}} if searches else {}
    return {
        "input_tokens": max(0, said.input - said.cached - said.written),
        "cache_creation_input_tokens": said.written,
        "cache_read_input_tokens": said.cached,
        "output_tokens": said.output,
        "output_tokens_details": {"thinking_tokens": said.reasoning},
        **served,
    }
