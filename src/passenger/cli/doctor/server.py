"""Checks of the addresses where clients look for a server: ours, and the port of Ollama."""

from collections.abc import Sequence

from passenger.cli.doctor.facts import Facts, in_thread
from passenger.cli.doctor.findings import Finding, fail, ok, skip, warn
from passenger.server.control.client import Found, ServerError

SERVER, PORT = "server", "port"
ELSEWHERE = "passenger --port 0"


async def check_server(facts: Facts) -> Sequence[Finding]:
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
        fix = "passenger config show" if error.status == 401 else f"kill {hello.pid} && passenger"
        return warn(SERVER, f"{where}: {error}", fix)
    if status.ready and not status.degraded:
        return ok(SERVER, where)
    why = "; ".join(f"{name}: {reason}" for name, reason in status.degraded.items()) or status.status
    fix = f"curl -s {found.server.url}/readyz" if status.logged_in else facts.log_in
    return (warn if status.ready else fail)(SERVER, f"{where}, {why}", fix)


OLLAMA = "ollama"
OLLAMA_PORT = 11434


async def check_ollama(facts: Facts) -> Sequence[Finding]:
    """Who answers there, or at the port that is set."""
    wanted = facts.loaded.config.server.ollama_port
    found = await facts.listener(wanted or OLLAMA_PORT)
    return [_check_set_port(wanted, found) if wanted else _check_usual_port(found)]


def _check_set_port(port: int, found: Found) -> Finding:
    """It is set: then it should be ours."""
    match found.state:
        case "ours":
            return ok(OLLAMA, f"port {port} is your server's: clients that only know Ollama find it")
        case "nothing":
            return warn(OLLAMA, f"port {port} is set for Ollama's clients, and nothing serves there", "passenger")
        case _:
            text = f"port {port} is set for Ollama's clients, and held by {_holder_of(found)}"
            return fail(OLLAMA, text, f"passenger --ollama-port {port + 1}")


def _check_usual_port(found: Found) -> Finding:
    match found.state:
        case "ours":
            return ok(OLLAMA, f"port {OLLAMA_PORT} is your server's: clients that only know Ollama find it")
        case "nothing":
            serve = f"passenger --ollama-port {OLLAMA_PORT}"
            return skip(OLLAMA, f"port {OLLAMA_PORT} is free: `{serve}` serves what only knows Ollama")
        case _:
            return skip(OLLAMA, f"port {OLLAMA_PORT} is held by {_holder_of(found)}")


def _holder_of(found: Found) -> str:
    what = "another program, such as Ollama itself"
    if found.state == "other_passenger":
        what = "a Passenger that is not yours or serves another profile"
    return f"{found.holder}, {what}" if found.holder else what
