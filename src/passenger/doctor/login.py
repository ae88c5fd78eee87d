"""Whether somebody is logged in, and whether that login gives a Copilot token."""

from collections.abc import Sequence

from passenger.accounts import Login, Source
from passenger.copilot.protocol import why_not_exchangeable
from passenger.doctor.facts import Facts
from passenger.doctor.finding import STATUS, Finding, fail, ok, skip
from passenger.errors import Failure, Kind

LOGIN, TOKEN = "login", "token"


async def check(facts: Facts) -> Sequence[Finding]:
    """The login, then the token."""
    login = await _login(facts)
    return [login, await _token(facts) if login.state == "ok" else skip(TOKEN, "there is no login to get one with")]


async def _login(facts: Facts) -> Finding:
    try:
        login = await facts.login()
    except Failure as failure:
        return fail(LOGIN, str(failure), facts.log_in)
    if login is None:
        return await _without_login(facts)
    if reason := why_not_exchangeable(login.token):
        return fail(LOGIN, f"the GitHub token from {login.where} cannot be used: {reason}", _instead(facts, login))
    return ok(LOGIN, f"the GitHub login from {login.where} is used")


async def _without_login(facts: Facts) -> Finding:
    """A token alone will do while it lasts."""
    try:
        access = await facts.access()
    except Failure:
        return fail(LOGIN, "nobody is logged in to GitHub here", facts.log_in)
    return ok(LOGIN, f"there is none, and a Copilot token that is still good{_left(facts, access.expires_at)}")


def _instead(facts: Facts, login: Login) -> str:
    """A login in the environment would win over a new one."""
    return f"unset {login.where}" if login.source is Source.ENVIRONMENT else facts.log_in


async def _token(facts: Facts) -> Finding:
    try:
        access = await facts.access()
    except Failure as failure:
        return _without_token(facts, failure)
    if access.expires_at is None:
        return ok(TOKEN, f"Copilot takes the login itself, at {access.base_url}")
    return ok(TOKEN, f"a Copilot token for {access.base_url}{_left(facts, access.expires_at)}")


def _without_token(facts: Facts, failure: Failure) -> Finding:
    """A new login helps where GitHub refuses this one; what else is wrong, GitHub tells."""
    if failure.kind in {Kind.LOGIN, Kind.FORBIDDEN}:
        return fail(TOKEN, str(failure), facts.log_in)
    return fail(TOKEN, str(failure), see=STATUS)


def _left(facts: Facts, expires_at: float | None) -> str:
    return "" if expires_at is None else f", good for {max(0, int((expires_at - facts.clock()) // 60))} min"
