"""Whether the port that Ollama's clients look at is ours, free, or another's."""

from collections.abc import Sequence

from passenger.control.client import Found
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, skip, warn

ID = "ollama"
PORT = 11434


async def check(facts: Facts) -> Sequence[Finding]:
    """Who answers there, or at the port that is set."""
    wanted = facts.loaded.config.server.ollama_port
    found = await facts.listener(wanted or PORT)
    return [_wanted(wanted, found) if wanted else _unused(found)]


def _wanted(port: int, found: Found) -> Finding:
    """It is set: then it should be ours."""
    match found.state:
        case "ours":
            return ok(ID, f"port {port} is your server's: clients that only know Ollama find it")
        case "nothing":
            return warn(ID, f"port {port} is set for Ollama's clients, and nothing serves there", "passenger")
        case _:
            text = f"port {port} is set for Ollama's clients, and held by {_holder(found)}"
            return fail(ID, text, f"passenger --ollama-port {port + 1}")


def _unused(found: Found) -> Finding:
    match found.state:
        case "ours":
            return ok(ID, f"port {PORT} is your server's: clients that only know Ollama find it")
        case "nothing":
            return skip(ID, f"port {PORT} is free: `passenger --ollama-port {PORT}` serves what only knows Ollama")
        case _:
            return skip(ID, f"port {PORT} is held by {_holder(found)}")


def _holder(found: Found) -> str:
    what = "another program, such as Ollama itself"
    if found.state == "other_passenger":
        what = "a Passenger that is not yours or serves another profile"
    return f"{found.holder}, {what}" if found.holder else what
