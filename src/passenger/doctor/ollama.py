"""Whether the port that Ollama's clients look at is ours, free, or another's."""

from collections.abc import Sequence

from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, ok, skip

ID = "ollama"
PORT = 11434


async def check(facts: Facts) -> Sequence[Finding]:
    """Who answers there."""
    found = await facts.listener(PORT)
    match found.state:
        case "nothing":
            return [skip(ID, f"port {PORT} is free; clients that only know Ollama could be served there")]
        case "ours":
            return [ok(ID, f"port {PORT} is your server's: clients that only know Ollama find it")]
        case _:
            return [skip(ID, f"port {PORT} is held by {found.holder or 'another program'}, such as Ollama itself")]
