"""Writes what was searched and found for an answer: https://ai.google.dev/api/generate-content#GroundingMetadata."""

from collections.abc import Iterable

from passenger.chat.events import Citation
from passenger.chat.prompt import JSON
from passenger.chat.web_search import SearchResult
from passenger.jsontext.surrogates import replace_surrogates


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
            self._pages.setdefault(result.url, result.title)

    def begin(self) -> None:
        """A part begins."""
        self._begun = self._length

    def say(self, text: str) -> None:
        """Add words of the open part."""
        self._text.append(text)
        self._length += len(text)

    def cite(self, citation: Citation) -> None:
        """Add a cited page."""
        self._pages.setdefault(citation.url, citation.title)
        if self._tells_places:
            self._cited.append((self._begun, citation))

    def write(self) -> JSON:
        """The metadata; nothing where nothing was searched or cited."""
        if not self._queries and not self._pages:
            return {}
        text, places = "".join(self._text), {url: at for at, url in enumerate(self._pages)}
        supports = [_write_support(text, begun, one, places[one.url]) for begun, one in self._cited]
        metadata = {
            "webSearchQueries": [*map(replace_surrogates, self._queries)],
            "groundingChunks": [_write_chunk(url, title) for url, title in self._pages.items()],
            "groundingSupports": [one for one in supports if one is not None],
        }
        return {"groundingMetadata": metadata}


def _write_chunk(url: str, title: str) -> JSON:
    return {"web": {"uri": replace_surrogates(url), "title": replace_surrogates(title)}}


def _write_support(text: str, begun: int, citation: Citation, page: int) -> JSON | None:
    """The words that stand on a page, their place in bytes; None where there are no such words."""
    start, end = begun + citation.start, min(begun + citation.end, len(text))
    if not begun <= start < end:
        return None
    words = text[start:end]
    place = {"startIndex": _size(text[:start]), "endIndex": _size(text[:end]), "text": replace_surrogates(words)}
    return {"segment": place, "groundingChunkIndices": [page]}


def _size(text: str) -> int:
    """Bytes of a text as it is sent."""
    return len(replace_surrogates(text).encode())
