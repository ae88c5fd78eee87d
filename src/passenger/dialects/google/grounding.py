"""Writes what was searched and found for an answer: https://ai.google.dev/api/generate-content#GroundingMetadata."""

from collections.abc import Iterable, Mapping

from passenger.chat.events import Citation
from passenger.chat.prompt import JSON
from passenger.chat.web_search import SearchResult, page_title
from passenger.jsontext.surrogates import replace_surrogates

Span = tuple[int, int]
"""The beginning and the end of words in a text, in characters."""


class Grounding:
    """Collects the searches of one answer, the pages, and which words stand on which page."""

    def __init__(self, *, from_start: bool) -> None:
        """`from_start`: the answer begins now, so that places in all its words can be told."""
        self._tells_places = from_start
        self._queries: list[str] = []
        self._pages: dict[str, str] = {}
        """The titles of the pages by their addresses, in the order in which they came."""
        self._cited: list[tuple[int, Citation]] = []
        """Each with the place in the answer's words at which its part begins."""
        self._text: list[str] = []
        self._length = 0
        self._begun = 0

    def search(self, query: str) -> None:
        """Add a search."""
        self._queries.append(query)

    def find(self, results: Iterable[SearchResult]) -> None:
        """Add what one found."""
        for result in results:
            self._note(result.url, result.title)

    def begin(self) -> None:
        """A part begins."""
        self._begun = self._length

    def say(self, text: str) -> None:
        """Add words of the open part."""
        self._text.append(text)
        self._length += len(text)

    def cite(self, citation: Citation) -> None:
        """Add a cited page."""
        self._note(citation.url, citation.title)
        if self._tells_places:
            self._cited.append((self._begun, citation))

    def _note(self, url: str, title: str) -> None:
        self._pages[url] = self._pages.get(url) or title

    def write(self) -> JSON:
        """The metadata; nothing where nothing was searched or cited."""
        if not self._queries and not self._pages:
            return {}
        text, places = "".join(self._text), {url: at for at, url in enumerate(self._pages)}
        spans = [(begun + max(0, one.start), min(begun + one.end, len(text))) for begun, one in self._cited]
        sizes = _sizes(text, spans)
        supports = [
            _write_support(text, span, sizes, places[one.url])
            for span, (_, one) in zip(spans, self._cited, strict=True)
            if span[0] < span[1]
        ]
        metadata = {
            "webSearchQueries": [*map(replace_surrogates, self._queries)],
            "groundingChunks": [_write_chunk(url, title) for url, title in self._pages.items()],
            "groundingSupports": supports,
        }
        return {"groundingMetadata": metadata}


def _write_chunk(url: str, title: str) -> JSON:
    return {"web": {"uri": replace_surrogates(url), "title": replace_surrogates(page_title(url, title))}}


def _write_support(text: str, span: Span, sizes: Mapping[int, int], page: int) -> JSON:
    """The words that stand on a page, their place in bytes."""
    start, end = span
    place = {"startIndex": sizes[start], "endIndex": sizes[end], "text": replace_surrogates(text[start:end])}
    return {"segment": place, "groundingChunkIndices": [page]}


def _sizes(text: str, spans: Iterable[Span]) -> dict[int, int]:
    """The bytes of the text before each beginning and end, as it is sent; each piece is measured once."""
    sizes, before, size = {0: 0}, 0, 0
    for at in sorted({min(place, len(text)) for span in spans for place in span}):
        size += len(replace_surrogates(text[before:at]).encode())
        sizes[at], before = size, at
    return sizes
