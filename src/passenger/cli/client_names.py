"""The names by which users call clients: what another command does with one that this command does not know."""

from passenger.clients.by_hand import BY_HAND, SAME
from passenger.clients.registry import CLIENTS, SETUPS


def usual_name(typed: str) -> str:
    """The name of a client that may have been called by another one of its names."""
    return SAME.get(typed, typed)


def name_other_command(name: str) -> str | None:
    """A sentence with the command that knows this client; None where no command does."""
    if (client := CLIENTS.get(name)) is not None:
        return f"{client.title} cannot be set up for good: `passenger launch {name}` runs it"
    if (setup := SETUPS.get(name)) is not None:
        return f"{setup.client.title} cannot be launched: `passenger setup {name}` writes its settings"
    if (known := BY_HAND.get(name)) is not None:
        return f"{known.title} has no files that Passenger could read or write: `passenger setup {name}` says more"
    return None
