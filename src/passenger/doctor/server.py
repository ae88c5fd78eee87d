"""Whether a server of the user's own answers where clients look for it, and who else holds its port."""

from collections.abc import Sequence

from passenger.control.client import Found, ServerError
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, skip, warn
from passenger.doctor.threads import in_thread

SERVER, PORT = "server", "port"
ELSEWHERE = "passenger --port 0"


async def check(facts: Facts) -> Sequence[Finding]:
    """Who answers at the address that is set."""
    if facts.loaded.config.server.port == 0:
        return [skip(SERVER, "it takes any free port, so that nothing can be looked for")]
    found = await facts.server()
    match found.state:
        case "nothing":
            text = f"nothing serves at {facts.address}; `passenger launch` brings a server of its own"
            return [warn(SERVER, text, "passenger"), ok(PORT, f"{facts.address} is free")]
        case "other_program":
            return _held(facts, found, "a program that is no Passenger of this version")
        case "other_passenger":
            return _held(facts, found, "a Passenger that is not yours or serves another profile")
        case "ours":
            return [await in_thread(lambda: _ours(facts, found)), ok(PORT, f"{facts.address} is your server's")]


def _held(facts: Facts, found: Found, whose: str) -> Sequence[Finding]:
    holder = f"{found.holder}, " if found.holder else ""
    held = f"{facts.address} is held by {holder}{whose}; it is given no key and no prompt"
    return [skip(SERVER, "no server of yours answers"), fail(PORT, held, ELSEWHERE)]


def _ours(facts: Facts, found: Found) -> Finding:
    """A server that has proved to be the user's own: as old as the program, and well?"""
    assert found.hello is not None  # noqa: S101 - that is how it has proved it
    hello = found.hello
    where = f"{facts.address}, process {hello.pid}, version {hello.version}"
    if hello.version != facts.version:
        text = f"{where}, and this program is {facts.version}: it was started before the update"
        return warn(SERVER, text, f"kill {hello.pid} && passenger")
    try:
        status = found.server.status()
    except ServerError as error:
        return warn(
            SERVER,
            f"{where}: {error}",
            "passenger config show" if error.status == 401 else f"kill {hello.pid} && passenger",
        )
    if status.ready and not status.degraded:
        return ok(SERVER, where)
    why = "; ".join(f"{name}: {reason}" for name, reason in status.degraded.items()) or status.status
    say = warn if status.ready else fail
    return say(
        SERVER, f"{where}, {why}", facts.log_in if not status.logged_in else f"curl -s {found.server.url}/readyz"
    )
