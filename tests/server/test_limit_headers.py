"""The headers of limits, by each vendor's names."""

from datetime import datetime

from passenger.quota.gcra import Standing, Standings
from passenger.server.limit_headers import limit_headers

BOTH = Standings(Standing(120, 87, 12.5), Standing(1000, 10, 59.4))


def test_openais_names() -> None:
    told = dict(limit_headers("completions", BOTH))
    assert told[b"x-ratelimit-limit-requests"] == b"120"
    assert told[b"x-ratelimit-remaining-tokens"] == b"10"
    assert told[b"x-ratelimit-reset-requests"] == b"12.500s"


def test_anthropics_names() -> None:
    told = dict(limit_headers("messages", BOTH))
    assert told[b"anthropic-ratelimit-requests-remaining"] == b"87"
    assert datetime.fromisoformat(told[b"anthropic-ratelimit-tokens-reset"].decode()).tzinfo is not None


def test_the_draft_tells_the_tightest() -> None:
    told = dict(limit_headers("gemini", BOTH))
    assert told[b"ratelimit-policy"] == b'"tokens";q=1000;w=60'
    assert told[b"ratelimit"] == b'"tokens";r=10;t=60'


def test_nothing_without_a_limit_a_minute() -> None:
    assert limit_headers("completions", Standings()) == []
