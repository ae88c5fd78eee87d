"""What is kept of what a search has found."""

import pytest

from passenger.chat.web_search import SearchResult, SearchTool
from passenger.search.searcher import (
    LONGEST_AGE,
    LONGEST_SNIPPET,
    LONGEST_TITLE,
    LONGEST_URL,
    MOST_RESULTS,
    Findings,
    bounded,
    is_allowed,
    write_summary,
)


@pytest.mark.parametrize(
    ("url", "allowed", "blocked", "is_kept"),
    [
        ("https://a.example/x", (), (), True),
        ("https://a.example/x", ("a.example",), (), True),
        ("https://www.a.example/x", ("a.example",), (), True),
        ("https://nota.example/x", ("a.example",), (), False),
        ("https://a.example.evil.example/x", ("a.example",), (), False),
        ("https://a.example/blog/1", ("a.example/blog",), (), True),
        ("https://a.example/blogs", ("a.example/blog",), (), False),
        ("https://A.EXAMPLE/x", (), ("a.example",), False),
        ("https://sub.a.example/x", (), ("a.example",), False),
        ("https://a.example/x", ("a.example",), ("a.example",), False),
        ("http://a.example/x", ("https://a.example/",), (), True),
        ("ftp://a.example/x", (), (), False),
        ("javascript:alert(1)", (), (), False),
        ("https://[bad", (), (), False),
        ("https://a.example/" + "x" * LONGEST_URL, (), (), False),
        ("https://a.example/x\n2. https://b.example", (), (), False),
        ("https://a.example/x y", (), (), False),
        ("", (), (), False),
    ],
)
def test_domains_hold_whoever_searches(
    url: str, allowed: tuple[str, ...], blocked: tuple[str, ...], is_kept: bool
) -> None:
    assert is_allowed(url, SearchTool(allowed_domains=allowed, blocked_domains=blocked)) is is_kept


def test_what_pages_say_is_cut() -> None:
    page = SearchResult("https://a.example", "t" * 9_000, "today", "s" * 9_000)
    (first, *rest) = bounded([page] * 50, SearchTool())
    assert (len(first.title), len(first.snippet), first.page_age) == (LONGEST_TITLE, LONGEST_SNIPPET, "today")
    assert len(rest) == MOST_RESULTS - 1


def test_a_page_cannot_pass_for_two() -> None:
    (page,) = bounded([SearchResult("https://a.example", "A\n\n2. B", "1\nday" * 99, "x\r\n\ty")], SearchTool())
    assert (page.title, page.snippet) == ("A 2. B", "x y")
    assert page.page_age is not None
    assert "\n" not in page.page_age
    assert len(page.page_age) == LONGEST_AGE


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Findings(error="unavailable"), "The search failed: unavailable."),
        (Findings(), "Nothing was found."),
        (Findings((SearchResult("https://a.example"),)), "1. https://a.example\nhttps://a.example"),
        (
            Findings((SearchResult("https://a.example", "A", None, "B"),), "In short."),
            "In short.\n\n1. A\nhttps://a.example\nB",
        ),
    ],
)
def test_a_search_is_told_in_words(found: Findings, text: str) -> None:
    assert write_summary(found) == text
