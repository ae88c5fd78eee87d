"""The cookie that holds a browser's session: for this server alone, out of reach of scripts and of other sites.

Browsers tell the ports of a host apart nowhere in cookies, so that its name has the port. A Passenger on another port
has a cookie of its own.
"""

from collections.abc import Iterator

from passenger.server.stream import Scope


def cookie_name(scope: Scope) -> str:
    """The name of the cookie at the port that was asked."""
    server = scope.get("server")
    return f"passenger-{(server[1] if server else None) or 0}"


def cookies(scope: Scope) -> Iterator[str]:
    """The values of all cookies of that name: other programs of this host may have added one."""
    wanted = cookie_name(scope)
    for name, value in scope["headers"]:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                found, _, text = pair.strip().partition("=")
                if found == wanted:
                    yield text


def set_cookie(scope: Scope, value: str, lifetime: int, *, secure: bool) -> str:
    """The `Set-Cookie` that keeps a session for so many seconds; with none, the one that forgets it."""
    flags = "HttpOnly; SameSite=Strict; Path=/" + ("; Secure" if secure else "")
    return f"{cookie_name(scope)}={value}; Max-Age={lifetime}; {flags}"
