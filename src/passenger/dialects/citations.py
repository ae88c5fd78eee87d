"""Where the words of an answer come from, in the shapes that more than one dialect has; it hides how Copilot tells it.

Copilot names the licence and place of published code that an answer repeats, in `copilot_annotations` of its own,
on Chat Completions and Messages alike; pages are OpenAI's `url_citation`.
"""

from collections.abc import Iterator
from typing import Any

from passenger.chat import JSON, Citation, Text
from passenger.events import PARTS_LIMIT, Answer, Cite, PartKind

LOST = "answer.citations"
"""What is named where a client's dialect has no place for one."""


_NONE = frozenset[Citation]()


class Citations:
    """Reads the citations of one answer, each once: upstream repeats them."""

    def __init__(self) -> None:
        self._seen: set[Citation] | frozenset[Citation] = _NONE

    def code(self, annotations: object) -> Iterator[Cite]:
        """Those of published code, in what Copilot calls annotations."""
        found = annotations.get("IPCodeCitations") if isinstance(annotations, dict) else None
        for entry in found if isinstance(found, list) else ():
            yield from self._once(_read_code(entry))

    def pages(self, annotations: object) -> Iterator[Cite]:
        """Those of pages, in OpenAI's lists of annotations."""
        for entry in annotations if isinstance(annotations, list) else ():
            yield from self.page(entry)

    def page(self, annotation: object) -> Iterator[Cite]:
        """That of a page, in any vendor's annotation that has an address."""
        yield from self._once(_read_page(annotation))

    def _once(self, citation: Citation | None) -> Iterator[Cite]:
        if citation is not None and citation not in self._seen and len(self._seen) < PARTS_LIMIT:
            self._seen = self._seen if isinstance(self._seen, set) else set()
            self._seen.add(citation)
            yield Cite(citation)


def has_place(dialect: str, part: PartKind | None, citation: Citation) -> bool:
    """Whether a client of this dialect can be told of it, where it stands in this part."""
    match dialect:
        case "completions" | "gemini":
            return True
        case "messages":
            return citation.license is not None
        case _:
            return dialect == "responses" and part == "text"


def has_unplaced(dialect: str, answer: Answer) -> bool:
    """Whether some of a whole answer's have no place."""
    texts = {index for index, part in enumerate(answer.parts) if isinstance(part, Text)}
    return any(not has_place(dialect, "text" if at in texts else None, one) for at, one in answer.citations)


def write_code(citation: Citation) -> JSON:
    """Copilot's own annotations with one citation."""
    place = {"start_offset": citation.start, "end_offset": citation.end, "details": {}}
    found = {"url": citation.url, "license": citation.license, "snippet": citation.quote}
    return {"IPCodeCitations": [{**place, "citations": found}]}


def joined(citations: list[Citation]) -> JSON:
    """Copilot's own annotations with all of those that are of code."""
    return {"IPCodeCitations": [write_code(one)["IPCodeCitations"][0] for one in citations if one.license is not None]}


def _read_code(entry: Any) -> Citation | None:
    """One of code: Messages has flat fields, Chat Completions nested ones."""
    if not isinstance(entry, dict):
        return None
    inner = entry.get("citations")
    source = inner if isinstance(inner, dict) else entry
    url, license_ = _text(source, "url"), _text(source, "license")
    if not url and not license_:
        return None
    start, end = _place(entry, "start_offset", "start_index"), _place(entry, "end_offset", "end_index")
    return Citation(url, _text(source, "repository"), license_ or "unknown", start, end, _text(source, "snippet"))


def _read_page(entry: Any) -> Citation | None:
    """One of a page: Chat Completions has its fields nested, Responses and Anthropic flat ones."""
    if not isinstance(entry, dict):
        return None
    inner = entry.get("url_citation")
    source = inner if isinstance(inner, dict) else entry
    if not (url := _text(source, "url")):
        return None
    start, end = _place(source, "start_index"), _place(source, "end_index")
    return Citation(url, _text(source, "title"), None, start, end, _text(source, "cited_text"))


def _text(fields: JSON, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _place(fields: JSON, *names: str) -> int:
    """A count of characters; 0 where none is told."""
    return next((value for name in names if isinstance(value := fields.get(name), int)), 0)
