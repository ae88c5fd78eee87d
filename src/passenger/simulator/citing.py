"""What an answer repeats of published code, as Copilot says it beside the words."""

from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]

URL = "https://simulated.example/code"
LICENSE = "MIT"
NESTED: Json = {
    "id": 1,
    "start_offset": 0,
    "end_offset": 4,
    "details": {},
    "citations": {"url": URL, "license": LICENSE, "snippet": "code"},
}
FLAT: Json = {"start_index": 0, "end_index": 4, "license": LICENSE, "url": URL, "repository": "simulated/code"}


def cited_chunks(events: Iterable[Json]) -> Iterator[Json]:
    """The chunks of a chat answer; the first delta that says something is annotated."""
    waiting = True
    for event in events:
        deltas = [choice["delta"] for choice in event.get("choices") or () if _says(choice.get("delta"))]
        if waiting and deltas:
            deltas[0]["copilot_annotations"] = {"IPCodeCitations": [NESTED]}
            waiting = False
        yield event


def cited_blocks(events: Iterable[Json]) -> Iterator[Json]:
    """The events of a message; the first piece that says something is annotated."""
    waiting = True
    for event in events:
        delta = event.get("delta") or {}
        if waiting and (delta.get("text") or delta.get("partial_json")):
            waiting = False
            yield event | {"copilot_annotations": {"IPCodeCitations": [FLAT]}}
        else:
            yield event


def _says(delta: Json | None) -> bool:
    return bool(delta and (delta.get("content") or delta.get("tool_calls")))
