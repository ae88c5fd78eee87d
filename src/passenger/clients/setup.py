"""A lasting wiring of a client, as values: the edits of its files, and the run that proves them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from passenger.clients.plan import FAMILIES, Client, DialectName, Site
from passenger.edits.edit import NO_KEY, Edit

KEY_VARIABLE = "PASSENGER_KEY"
"""The variable that a client reads the server's key from, where it can."""

QUESTION = "Answer with one word: ready."


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What `passenger setup` does for one client."""

    client: Client
    edits: Callable[[Site], Sequence[Edit]] = lambda _site: ()
    """Empty where the client reads nothing but its environment: then the notes say it."""
    probe: Callable[[Site], Sequence[str]] | None = None
    """A command line that asks one question; None where no run can prove anything."""
    agents: Sequence[str] = ()
    """How a product in the User-Agent of its requests begins, in small letters; or with `/`, what it contains."""
    key_flag: str = ""
    """Its flag for a key, where its User-Agent is a library's: the proof is known by a key of its own."""
    prompt: int = 10_000
    """Tokens that one question of its has, roughly: its own instructions and tools."""
    environ: Callable[[Site], Mapping[str, str]] = lambda _site: {}
    """What its proof needs beside the user's environment."""
    asks_main: bool = False
    """Whether its proof cannot choose the model, and asks the large one."""
    notes: Callable[[Site], Sequence[str]] = lambda _site: ()
    """What the user has to know or do."""
    default: "Setup | None" = None
    """The wiring that makes Passenger what the client uses of itself; None where this one does already, or none can."""
    default_file: str = ""
    """The name of the file that `default` alone writes."""

    def model_asked(self, site: Site) -> str:
        """The model that the proof asks."""
        return site.model.id if self.asks_main else site.small.id


def needs_key(site: Site) -> bool:
    """Whether the server requires an API key."""
    return site.key != NO_KEY


def key_variable(site: Site) -> Mapping[str, str]:
    """The variable with the key, where the server requires one."""
    return {KEY_VARIABLE: site.key} if needs_key(site) else {}


def for_setup(client: Client, *dialects: DialectName) -> Client:
    """A client as its own settings can have it: of any model, a small one too, in these dialects of its own."""
    return replace(
        client,
        binaries=client.binaries[:1],
        dialects=dialects or ("completions",),
        managed=(),
        launch=None,
        prefers=FAMILIES,
        takes_small=True,
    )


def shell_key(site: Site) -> str:
    """The key as a line for the shell has it."""
    return f'"${KEY_VARIABLE}"' if needs_key(site) else NO_KEY
