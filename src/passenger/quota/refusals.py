"""What a request is told that a limit refuses: whose limit it is, and when to ask again.

SDKs wait as long as `Retry-After` says, some without end: a limit a minute tells its seconds, and a budget says besides
that nothing is gained by asking again. Claude Code waits for up to a minute, and shows the message at once above.
"""

from datetime import UTC, datetime
from math import ceil

from passenger.account.scope_limits import Budget
from passenger.errors import Failure, Kind
from passenger.quota.budget import BudgetWindow

PLACE_AFTER = 5
"""Seconds after which to ask again where too many requests are served at once."""

SHOWN_AT_ONCE = 61
"""Seconds of `Retry-After` above which clients do not wait but show why."""

_FOREVER = 86_400
"""Seconds that are told where a budget has no end."""

_NOT_AGAIN = (("x-should-retry", "false"),)
"""What the official SDKs obey."""

_SHOWN_BY_CODEX = "x-codex-promo-message"
"""The header whose text Codex shows where a limit is used up; of the body's message it shows nothing."""


def refuse_rate(scope: str, most: int, what: str, wait: float) -> Failure:
    """The failure of a request beyond a limit a minute of `what`."""
    seconds = max(1, ceil(wait))
    message = f"{_whose(scope)} may ask for {most} {what} a minute: try again in {seconds} s"
    headers = _NOT_AGAIN if seconds >= SHOWN_AT_ONCE else ()
    return Failure(Kind.RATE_LIMIT, message, code="rate_limit_exceeded", retry_after=str(seconds), headers=headers)


def refuse_place(scope: str, places: int) -> Failure:
    """The failure of a request for which no place became free."""
    message = f"{_whose(scope)} may have {places} requests at once, and none has ended in time"
    return Failure(Kind.RATE_LIMIT, message, code="too_many_concurrent", retry_after=str(PLACE_AFTER))


def refuse_budget(
    scope: str, budget: Budget, window: BudgetWindow, spent: int, now: float, *, what: str = "this request"
) -> Failure:
    """The failure of what a budget has no room for."""
    left = window.seconds_left(now)
    seconds = max(SHOWN_AT_ONCE, ceil(_FOREVER if left is None else left))
    period = "in total" if left is None else f"a {budget.period}"
    again = "" if left is None else f" It begins anew at {_utc(window.until)}."
    message = (
        f"The budget of {_whose(scope).lower()}, {_dollars(budget.cap(now))} {period}, has no room for {what}: "
        f"{_dollars(spent)} is spent.{again} Whoever runs this Passenger can raise it."
    )
    after = str(seconds)
    headers = (*_NOT_AGAIN, (_SHOWN_BY_CODEX, message))
    return Failure(Kind.RATE_LIMIT, message, code="budget_exceeded", retry_after=after, headers=headers)


def warn_budget(scope: str, budget: Budget, spent: int, now: float) -> str:
    """What is told of a budget that only warns, once it is spent."""
    return f"budget of {_whose(scope).lower()}: {_dollars(spent)} of {_dollars(budget.cap(now))} a {budget.period}"


def _whose(scope: str) -> str:
    """A scope in words; ids are for nobody."""
    names = {"key": "This API key", "user": "This person", "seat": "This Copilot seat"}
    return names.get(scope.partition(":")[0], "Everybody together")


def _dollars(nano: int) -> str:
    return f"${nano / 1e11:.2f}"


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
