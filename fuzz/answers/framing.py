"""Events as the bytes of a stream, in one of the many ways that the standard allows; and how a network cuts them."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fuzz.requests.plan import Draw

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Style:
    """How a stream is written."""

    line: str = "\n"
    space: str = " "
    bom: bool = False
    named: bool = True
    comments: bool = False
    lines: bool = False
    """Whether an event's data comes in several lines."""
    ascii_only: bool = False


STYLES = st.builds(
    Style,
    line=st.sampled_from(("\n", "\n", "\r\n", "\r")),
    space=st.sampled_from((" ", "")),
    bom=st.booleans(),
    named=st.booleans(),
    comments=st.booleans(),
    lines=st.booleans(),
    ascii_only=st.booleans(),
)


def written(events: list[JSON | str], style: Style) -> list[bytes]:
    """Each event as bytes."""
    raws = [_event(event, style) for event in events]
    if raws and style.bom:
        raws[0] = b"\xef\xbb\xbf" + raws[0]
    return raws


def _event(event: JSON | str, style: Style) -> bytes:
    lines = _data(event, style)
    if style.named and isinstance(event, dict) and isinstance(event.get("type"), str):
        lines.insert(0, f"event:{style.space}{event['type']}")
    if style.comments:
        lines = [": a comment", *lines]
    return style.line.join([*lines, "", ""]).encode("utf-8", "replace")


def _data(event: JSON | str, style: Style) -> list[str]:
    if isinstance(event, str):
        return [f"data:{style.space}{event}"]
    text = json.dumps(event, ensure_ascii=style.ascii_only, indent=0 if style.lines else None)
    return [f"data:{style.space}{line}" for line in text.split("\n")]


def pieces(draw: Draw, stream: bytes) -> list[bytes]:
    """The stream as a network may deliver it."""
    if draw(st.booleans()):
        size = draw(st.integers(1, 50))
        return [stream[at : at + size] for at in range(0, len(stream), size)]
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    return [piece for piece in found if piece]
