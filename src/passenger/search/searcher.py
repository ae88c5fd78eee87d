"""Who searches the web: what is asked of them, and what they find."""

from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from passenger.chat.web_search import SearchError, SearchResult, SearchTool

MOST_RESULTS = 10
"""Results of one search that are passed on."""

LONGEST_QUERY = 400
"""Characters of a query."""

LONGEST_TITLE, LONGEST_SNIPPET, LONGEST_AGE = 300, 2_000, 100
"""Characters of what a page says of itself: it is somebody else's text, and goes to a model."""

LONGEST_URL = 2_048
"""Characters of an address: a page with a longer one is left out."""

LONGEST_SUMMARY = 16_000
"""Characters of a summary."""


class Findings(Struct, frozen=True):
    """What a search has found: pages, perhaps a summary of them, or why there is nothing."""

    results: tuple[SearchResult, ...] = ()
    summary: str = ""
    error: SearchError | None = None


class Searcher(Protocol):
    """Searches the web."""

    name: str
    """As headers and the log tell it."""

    async def search(self, query: str, tool: SearchTool) -> Findings:
        """Search. What goes wrong is an error of what is found, not one that is raised."""
        ...


def bounded(results: Sequence[SearchResult], tool: SearchTool) -> tuple[SearchResult, ...]:
    """The first results that a client's domains allow, their texts cut and without line breaks."""
    allowed = [result for result in results if is_allowed(result.url, tool)]
    return tuple(
        SearchResult(
            result.url,
            one_line(result.title, LONGEST_TITLE),
            one_line(result.page_age, LONGEST_AGE) if result.page_age else None,
            one_line(result.snippet, LONGEST_SNIPPET),
        )
        for result in allowed[:MOST_RESULTS]
    )


def one_line(text: str, most: int) -> str:
    """A text on one line, so that it cannot pass for another page's, and cut."""
    return " ".join(text[: 4 * most].split())[:most]


def is_allowed(url: str, tool: SearchTool) -> bool:
    """Whether a page is https or http, of an allowed domain or one below it, and of no blocked one."""
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return False
    try:
        place = urlsplit(url)
        host = (place.hostname or "").lower()
    except ValueError:
        return False
    if place.scheme not in {"http", "https"} or not host:
        return False
    if any(_is_below(host, place.path, domain) for domain in tool.blocked_domains):
        return False
    return not tool.allowed_domains or any(_is_below(host, place.path, domain) for domain in tool.allowed_domains)


def _is_below(host: str, path: str, domain: str) -> bool:
    """Whether a page is of a domain, or of a path of it such as `example.com/blog`."""
    name, _, rest = domain.lower().removeprefix("https://").removeprefix("http://").partition("/")
    is_host = host == name or host.endswith(f".{name}")
    return is_host and (not rest or path == f"/{rest}" or path.startswith(f"/{rest.rstrip('/')}/"))


def write_summary(found: Findings) -> str:
    """What a model is given of a search, or a client that wants text: the summary, then each page."""
    if found.error is not None:
        return f"The search failed: {found.error}."
    if not found.results and not found.summary:
        return "Nothing was found."
    pages = [
        f"{number}. {result.title or result.url}\n{result.url}\n{result.snippet}".rstrip()
        for number, result in enumerate(found.results, 1)
    ]
    return "\n\n".join([*([found.summary] if found.summary else []), *pages])
