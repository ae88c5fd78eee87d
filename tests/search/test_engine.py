"""What a search engine is asked; `tests/server/test_web_search.py` asks one over a socket."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from passenger.chat.web_search import SearchLocation, SearchTool
from passenger.net.client import HttpClient
from passenger.search.engine import BRAVE_WORDS, MOST_SITES, SearchEngine, make_brave, make_searxng, with_sites
from passenger.secret import Secret

SITES = tuple(f"s{number}.example" for number in range(MOST_SITES + 1))


@pytest.mark.parametrize(
    ("allowed", "asked"),
    [
        ((), "birds"),
        (("a.example",), "birds site:a.example"),
        (("https://A.example/", "b.example"), "birds (site:a.example OR site:b.example)"),
        (("a.example/blog",), "birds"),
        (("a.example", "b.example/blog"), "birds"),
        (("a.example OR x",), "birds"),
        (SITES, "birds"),
    ],
)
def test_allowed_domains_are_told_where_all_of_them_can_be(allowed: tuple[str, ...], asked: str) -> None:
    assert with_sites("birds", SearchTool(allowed_domains=allowed, blocked_domains=("c.example",))) == asked


class Http:
    """Notes what is asked for, and has no network."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def request(self, _method: str, url: str, _headers: Any, **_options: Any) -> Any:
        self.urls.append(url)
        raise TimeoutError


async def asked(make: Callable[[Any], SearchEngine], query: str, tool: SearchTool) -> dict[str, list[str]]:
    """The query string that an engine is sent."""
    http = Http()
    found = await make(http).search(query, tool)
    assert found.error == "unavailable"
    (url,) = http.urls
    return parse_qs(urlsplit(url).query)


def brave(http: HttpClient) -> SearchEngine:
    return make_brave(http, Secret("a key"))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("country", "told"), [("DE", ["DE"]), ("de", ["DE"]), ("IS", None), ("", None), ("DE&count=1", None)]
)
async def test_brave_is_told_a_country_that_it_knows(country: str, told: list[str] | None) -> None:
    fields = await asked(brave, "birds", SearchTool(location=SearchLocation(country=country)))
    assert fields.get("country") == told


@pytest.mark.asyncio
async def test_brave_gets_as_many_words_as_it_takes() -> None:
    fields = await asked(brave, "a " * 99, SearchTool(allowed_domains=("a.example",)))
    assert fields["q"] == [" ".join("a" * BRAVE_WORDS)]


@pytest.mark.asyncio
async def test_a_query_is_no_more_than_a_query() -> None:
    fields = await asked(lambda http: make_searxng(http, "http://127.0.0.1:1/"), "a&format=html#b", SearchTool())
    assert fields == {"q": ["a&format=html#b"], "format": ["json"]}


@pytest.mark.asyncio
async def test_a_query_that_is_too_long_is_not_sent() -> None:
    http: Any = Http()
    found = await brave(http).search("a" * 401, SearchTool())
    assert (found.error, http.urls) == ("query_too_long", [])
