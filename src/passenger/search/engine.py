"""A search engine with an HTTP API: SearXNG or Brave, as the settings say.

https://docs.searxng.org/dev/search_api.html, https://api-dashboard.search.brave.com/app/documentation/web-search
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from passenger.chat.web_search import SearchResult, SearchTool
from passenger.errors import Failure
from passenger.net.client import HttpClient
from passenger.net.exceptions import NETWORK_ERRORS
from passenger.search.searcher import LONGEST_QUERY, MOST_RESULTS, Findings, bounded
from passenger.secret import Secret

log = logging.getLogger(__name__)

TIMEOUT = 15.0
"""Seconds that a search may take."""

ANSWER_LIMIT = 2 * 1024 * 1024
"""Bytes of an answer."""

BRAVE_URL = "https://api.search.brave.com/res/v1/web/search"


class _SearxngResult(Struct):
    url: str = ""
    title: str | None = None
    content: str | None = None
    publishedDate: str | None = None  # noqa: N815 - SearXNG's name


class _Searxng(Struct):
    results: list[_SearxngResult] = []


class _BraveResult(Struct):
    url: str = ""
    title: str | None = None
    description: str | None = None
    age: str | None = None


class _BraveWeb(Struct):
    results: list[_BraveResult] = []


class _Brave(Struct):
    web: _BraveWeb | None = None


_SEARXNG, _BRAVE = msgspec.json.Decoder(_Searxng), msgspec.json.Decoder(_Brave)


def _read_searxng(body: bytes) -> list[SearchResult]:
    return [
        SearchResult(one.url, one.title or "", one.publishedDate, one.content or "")
        for one in _SEARXNG.decode(body).results
    ]


def _read_brave(body: bytes) -> list[SearchResult]:
    web = _BRAVE.decode(body).web
    return (
        [SearchResult(one.url, one.title or "", one.age, one.description or "") for one in web.results] if web else []
    )


class SearchEngine:
    """Asks one engine, and nothing that it has found. The key goes to that host alone."""

    def __init__(
        self,
        name: str,
        http: HttpClient,
        write_url: Callable[[str, SearchTool], str],
        read: Callable[[bytes], list[SearchResult]],
        headers: Mapping[str, str],
    ) -> None:
        self.name = name
        self._http = http
        self._write_url = write_url
        self._read = read
        self._headers = headers

    async def search(self, query: str, tool: SearchTool) -> Findings:
        """Search. What goes wrong is logged, and an error of what is found."""
        if len(query) > LONGEST_QUERY:
            return Findings(error="query_too_long")
        try:
            async with asyncio.timeout(TIMEOUT):
                status, body = await self._ask(self._write_url(query, tool))
        except (TimeoutError, Failure, *NETWORK_ERRORS) as error:
            log.warning("%s cannot be asked: %s", self.name, str(error) or type(error).__name__)
            return Findings(error="unavailable")
        if status != 200:
            log.warning("%s answers %d", self.name, status)
            return Findings(error="too_many_requests" if status == 429 else "unavailable")
        try:
            return Findings(bounded(self._read(body), tool))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            log.warning("%s answers what is no list of results: %s", self.name, error)
            return Findings(error="unavailable")

    async def _ask(self, url: str) -> tuple[int, bytes]:
        with await self._http.request("GET", url, self._headers, first_byte=TIMEOUT, idle=TIMEOUT) as response:
            return response.status, await response.read(ANSWER_LIMIT)


def make_searxng(http: HttpClient, url: str) -> SearchEngine:
    """SearXNG at this base URL, whose settings allow the format `json`."""

    def write_url(query: str, _tool: SearchTool) -> str:
        return f"{url.rstrip('/')}/search?{urlencode({'q': query, 'format': 'json'})}"

    return SearchEngine("searxng", http, write_url, _read_searxng, {"Accept": "application/json"})


def make_brave(http: HttpClient, key: Secret, url: str = BRAVE_URL) -> SearchEngine:
    """Brave's search, by this key."""

    def write_url(query: str, tool: SearchTool) -> str:
        fields: dict[str, Any] = {"q": query, "count": MOST_RESULTS}
        if tool.location is not None and tool.location.country:
            fields["country"] = tool.location.country
        return f"{url}?{urlencode(fields)}"

    headers = {"Accept": "application/json", "X-Subscription-Token": key.reveal()}
    return SearchEngine("brave", http, write_url, _read_brave, headers)
