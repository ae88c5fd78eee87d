"""Reads and writes the sources of an answer, in the shapes that more than one dialect has.

Copilot cites published code in `copilot_annotations`, on Chat Completions and Messages alike. Pages are cited as
OpenAI's `url_citation`: https://platform.openai.com/docs/guides/tools-web-search#output-and-citations.
"""

from collections.abc import Callable, Iterator
from typing import Any

from passenger.chat.events import PARTS_LIMIT, Answer, Citation, Cite, PartKind
from passenger.chat.prompt import JSON, Text

LOST = "answer.citations"
"""The name among what was left out, if the client's dialect has no place for a citation."""


_NONE = frozenset[Citation]()


class Citations:
    """Reads the citations of one answer. Upstream repeats them; each is given once."""

    def __init__(self) -> None:
        self._seen: set[Citation] | frozenset[Citation] = _NONE

    def code(self, annotations: object) -> Iterator[Cite]:
        """The citations of published code in Copilot's annotations."""
        found = annotations.get("IPCodeCitations") if isinstance(annotations, dict) else None
        for entry in found if isinstance(found, list) else ():
            yield from self._cite_once(_read_code(entry))

    def pages(self, annotations: object) -> Iterator[Cite]:
        """The citations of pages in OpenAI's list of annotations."""
        for entry in annotations if isinstance(annotations, list) else ():
            yield from self.page(entry)

    def page(self, annotation: object) -> Iterator[Cite]:
        """The citation of a page in any vendor's annotation with a URL."""
        yield from self._cite_once(_read_page(annotation))

    def _cite_once(self, citation: Citation | None) -> Iterator[Cite]:
        if citation is not None and citation not in self._seen and len(self._seen) < PARTS_LIMIT:
            self._seen = self._seen if isinstance(self._seen, set) else set()
            self._seen.add(citation)
            yield Cite(citation)


Cites = Callable[[PartKind | None, Citation], bool]
"""Whether a dialect has a place for a citation in a part of this kind."""


def has_unplaced(cites: Cites, answer: Answer) -> bool:
    """Whether the dialect has no place for some citation of a whole answer."""
    texts = {index for index, part in enumerate(answer.parts) if isinstance(part, Text)}
    return any(not cites("text" if at in texts else None, one) for at, one in answer.citations)


def write_code(citation: Citation) -> JSON:
    """Copilot's annotations with one citation."""
    place = {"start_offset": citation.start, "end_offset": citation.end, "details": {}}
    found = {"url": citation.url, "license": citation.license, "snippet": citation.quote}
    return {"IPCodeCitations": [{**place, "citations": found}]}


def write_codes(citations: list[Citation]) -> JSON:
    """Copilot's annotations with all citations of code."""
    return {"IPCodeCitations": [write_code(one)["IPCodeCitations"][0] for one in citations if one.license is not None]}


def _read_code(entry: Any) -> Citation | None:
    """A citation of code: Messages has flat fields, Chat Completions nested ones."""
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
    """A citation of a page: Chat Completions has nested fields, Responses and Anthropic flat ones."""
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
    """A number of characters, 0 if it is absent."""
    return next((value for name in names if isinstance(value := fields.get(name), int)), 0)
