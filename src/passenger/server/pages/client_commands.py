"""The lines that connect a client to this server, as they are typed in a POSIX shell."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from passenger.clients.models import NoModelError, choose, wanted_model
from passenger.clients.plan import Client
from passenger.clients.registry import ALL
from passenger.config.invocation import DEFAULT_PORT
from passenger.copilot.model_cards import ModelCard


@dataclass(frozen=True, slots=True)
class PageAddress:
    """The server's address for the reader of the page, its key, and the command by which its user calls Passenger."""

    base: str
    """The address without `/v1`."""
    key: str
    port: int
    command: str = "passenger"
    ollama: str = ""
    """The address of Ollama's own port, if this server listens there."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The models that the settings name, by client."""


@dataclass(frozen=True, slots=True)
class ClientCommand:
    """How a client is started: by `passenger launch`, and by hand if variables and flags are enough."""

    name: str
    title: str
    launch: str
    by_hand: str | None = None


_BY_HAND: Mapping[str, str] = {
    "claude": "ANTHROPIC_BASE_URL={base} ANTHROPIC_AUTH_TOKEN={key} ANTHROPIC_MODEL={model} claude",
    "codex": "PASSENGER_KEY={key} codex -m {model} -c model_provider=passenger -c {provider}",
    "gemini": "GOOGLE_GEMINI_BASE_URL={base} GEMINI_API_KEY={key} gemini -m {model}",
    "qwen": "OPENAI_BASE_URL={base}/v1 OPENAI_API_KEY={key} qwen --auth-type openai -m {model}",
    "aider": "OPENAI_API_BASE={base}/v1 OPENAI_API_KEY={key} aider --model openai/{model}",
}
"""Clients that need no file."""


def client_commands(place: PageAddress, cards: Sequence[ModelCard]) -> Iterator[ClientCommand]:
    """The lines of each client, with the model that a launch would choose."""
    suffix = "" if place.port == DEFAULT_PORT else f" --port {place.port}"
    provider = f'{{name="Passenger",base_url="{place.base}/v1",wire_api="responses",env_key="PASSENGER_KEY"}}'
    known = {"base": place.base, "key": place.key, "provider": shlex.quote(f"model_providers.passenger={provider}")}
    for client in (one for one in ALL if one.launch is not None):
        line, model = _BY_HAND.get(client.name), shlex.quote(_model_for(client, cards, place.named))
        by_hand = line.format(model=model, **known) if line else None
        yield ClientCommand(client.name, client.title, f"{place.command} launch {client.name}{suffix}", by_hand)


def _model_for(client: Client, cards: Sequence[ModelCard], named: Mapping[str, str]) -> str:
    """The model that a launch would choose, or `MODEL` if there is none."""
    try:
        return choose(cards, client, wanted_model(client, None, named, "model"), None)[0].id
    except NoModelError:
        return "MODEL"


@dataclass(frozen=True, slots=True)
class Variables:
    """The environment that a vendor's libraries read."""

    title: str
    base: str
    exports: str
    also: str = ""
    """Another address, which needs no variable."""


def variables(place: PageAddress) -> list[Variables]:
    """The base URL for each vendor's clients, and the line that sets it."""
    names = (
        ("OpenAI", f"{place.base}/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
        ("Anthropic", place.base, "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"),
        ("Gemini", place.base, "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
        ("Ollama", place.base, "OLLAMA_HOST", "OLLAMA_API_KEY"),
    )
    also = {"Ollama": place.ollama}
    return [
        Variables(title, base, f"export {url}={base} {key}={place.key}", also.get(title, ""))
        for title, base, url, key in names
    ]
