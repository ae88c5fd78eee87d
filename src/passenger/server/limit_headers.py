"""The headers that tell where the limits a minute stand, by the names of each vendor and by those of the IETF's draft.

https://platform.openai.com/docs/guides/rate-limits, https://platform.claude.com/docs/en/api/rate-limits,
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

from collections.abc import Sequence
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


def _headers(dialect: str, what: str, standing: Standing) -> Sequence[Header]:
    is_anthropic = dialect == ANTHROPIC
    limit, remaining, reset = _NAMES[is_anthropic, what]
    again = _date(standing.reset) if is_anthropic else f"{standing.reset:.3f}s"
    return ((limit, b"%d" % standing.limit), (remaining, b"%d" % standing.remaining), (reset, again.encode()))


_COUNTS = ("limit", "remaining", "reset")
_NAMES = {
    (is_anthropic, what): tuple(
        f"anthropic-ratelimit-{what}-{count}".encode() if is_anthropic else f"x-ratelimit-{count}-{what}".encode()
        for count in _COUNTS
    )
    for is_anthropic in (False, True)
    for what in ("requests", "tokens")
}
"""What the limit, what is left and when it is whole again are called, for Anthropic's clients and for all others."""


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
