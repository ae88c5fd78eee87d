"""The headers that tell where the limits a minute stand, by the names of each vendor and by those of the IETF's draft.

https://platform.openai.com/docs/guides/rate-limits, https://platform.claude.com/docs/en/api/rate-limits,
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil

from passenger.dialects.anthropic import NAME as ANTHROPIC
from passenger.quota.gcra import WINDOW, Standing, Standings
from passenger.server.http.response_head import Header


def limit_headers(dialect: str, standings: Standings) -> list[Header]:
    """The headers for a client of that dialect; none where no limit is a minute's."""
    rates = {"requests": standings.requests, "tokens": standings.tokens}
    found = [(what, standing) for what, standing in rates.items() if standing is not None]
    return [header for what, standing in found for header in _headers(dialect, what, standing)] + _draft(found)


def _headers(dialect: str, what: str, standing: Standing) -> Iterator[Header]:
    counts = {"limit": str(standing.limit), "remaining": str(standing.remaining)}
    if dialect == ANTHROPIC:
        begins, order, reset = "anthropic-ratelimit-", f"{what}-{{}}", _date(standing.reset)
    else:
        begins, order, reset = "x-ratelimit-", f"{{}}-{what}", f"{standing.reset:.3f}s"
    for name, value in {**counts, "reset": reset}.items():
        yield f"{begins}{order.format(name)}".encode(), value.encode()


def _draft(found: list[tuple[str, Standing]]) -> list[Header]:
    """The tightest limit by the names of the draft."""
    if not found:
        return []
    what, tightest = min(found, key=lambda one: one[1].remaining / one[1].limit)
    policy = f'"{what}";q={tightest.limit};w={WINDOW:.0f}'
    state = f'"{what}";r={tightest.remaining};t={ceil(tightest.reset)}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]


def _date(seconds: float) -> str:
    """The moment in that many seconds (RFC 3339)."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")
