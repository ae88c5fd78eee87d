"""A search engine with an HTTP API: SearXNG or Brave, as the settings say.

https://docs.searxng.org/dev/search_api.html, https://api-dashboard.search.brave.com/app/documentation/web-search
"""

import asyncio
import logging
import re
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

BRAVE_WORDS = 50
"""Words of a query that Brave takes at most."""

BRAVE_COUNTRIES = frozenset(
    {
        *("AR", "AT", "AU", "BE", "BR", "CA", "CH", "CL", "CN", "DE", "DK", "ES", "FI", "FR", "GB", "HK", "ID", "IN"),
        *("IT", "JP", "KR", "MX", "MY", "NL", "NO", "NZ", "PH", "PL", "PT", "RU", "SA", "SE", "TR", "TW", "US", "ZA"),
    }
)
"""Countries that Brave knows (2026-11); it refuses a request with another one."""

MOST_SITES = 8
"""Allowed domains that an engine is told. Its results are looked at in any case."""


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


_HOST = re.compile(r"[a-z0-9.-]+")
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


def with_sites(query: str, tool: SearchTool) -> str:
    """The query with the few domains that a client allows, as engines understand them, or as it is."""
    sites = [f"site:{host}" for domain in tool.allowed_domains if (host := _host(domain))]
    if not sites or len(sites) != len(tool.allowed_domains) or len(sites) > MOST_SITES:
        return query
    return f"{query} {sites[0]}" if len(sites) == 1 else f"{query} ({' OR '.join(sites)})"


def _host(domain: str) -> str:
    """The host of a client's domain; empty where a path is a part of it, or where it is no host."""
    host = domain.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    return host if _HOST.fullmatch(host) else ""


def make_searxng(http: HttpClient, url: str) -> SearchEngine:
    """SearXNG at this base URL, whose settings allow the format `json`."""

    def write_url(query: str, tool: SearchTool) -> str:
        return f"{url.rstrip('/')}/search?{urlencode({'q': with_sites(query, tool), 'format': 'json'})}"

    return SearchEngine("searxng", http, write_url, _read_searxng, {"Accept": "application/json"})


def make_brave(http: HttpClient, key: Secret, url: str = BRAVE_URL) -> SearchEngine:
    """Brave's search, by this key."""

    def write_url(query: str, tool: SearchTool) -> str:
        asked = with_sites(query, tool)
        fits = len(asked) <= LONGEST_QUERY and len(asked.split()) <= BRAVE_WORDS
        fields: dict[str, Any] = {"q": asked if fits else " ".join(query.split()[:BRAVE_WORDS]), "count": MOST_RESULTS}
        country = (tool.location.country or "").upper() if tool.location else ""
        if country in BRAVE_COUNTRIES:
            fields["country"] = country
        return f"{url}?{urlencode(fields)}"

    headers = {"Accept": "application/json", "X-Subscription-Token": key.reveal()}
    return SearchEngine("brave", http, write_url, _read_brave, headers)
