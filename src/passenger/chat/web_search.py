"""A web search in neutral form: what a client asks for, and what one has found."""

from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

TOOL_NAME = "web_search"
"""The name of the function that a search is where an API has none: in a history, or as it is offered to a model."""

SearchError = Literal["unavailable", "max_uses_exceeded", "too_many_requests", "query_too_long", "invalid_input"]
"""Why a search gave nothing, in Anthropic's words.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool#errors
"""


class SearchLocation(Struct, frozen=True):
    """Where the person is, roughly: a city, a region, a country of two letters, and an IANA time zone."""

    city: str | None = None
    region: str | None = None
    country: str | None = None
    timezone: str | None = None


class SearchResult(Struct, frozen=True):
    """A page that was found. `page_age` is a date or an age in words, `snippet` a short text of the page."""

    url: str
    title: str = ""
    page_age: str | None = None
    snippet: str = ""


class SearchRefusal(Struct, frozen=True):
    """How a request is refused where nobody searches: in the words of its dialect."""

    message: str
    param: str
    code: str | None = None


class SearchTool(Struct, frozen=True):
    """A search that a client offers to the model. None and empty mean that the client sets nothing."""

    max_uses: int | None = None
    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    location: SearchLocation | None = None
    only: bool = False
    """Whether nothing else is offered, or the search is required."""
    live: bool = True
    """False where only pages that are indexed already may be read."""
    field: str = "tools[web_search]"
    """The client's name of it among what was left out."""
    refusal: SearchRefusal | None = None
    """What is said where nobody searches; None where it can be left out."""


def page_title(url: str, title: str) -> str:
    """The title of a page, or the host where none is known: GPT models tell titles only of pages that they cite."""
    if title:
        return title
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url
