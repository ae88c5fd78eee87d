"""The lines that wire a client to this server, exactly as they are to be typed (POSIX shells)."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from passenger.clients.models import NoModelError, choose, wanted
from passenger.clients.plan import Client
from passenger.clients.registry import ALL
from passenger.control.cards import ModelCard

DEFAULT_PORT = 8081


@dataclass(frozen=True, slots=True)
class Place:
    """Where this server is for the one who reads the page, what it wants as a key, and how its user calls us."""

    base: str
    """The address without `/v1`."""
    key: str
    port: int
    command: str = "passenger"
    ollama: str = ""
    """The address at which Ollama's clients look by themselves, where there is one."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The models that the settings name, by their clients."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one client is started: by `passenger launch`, and by hand where variables and flags are enough."""

    name: str
    title: str
    launch: str
    by_hand: str | None = None


_Write = Callable[[Place, str], str]


def _claude(place: Place, model: str) -> str:
    return f"ANTHROPIC_BASE_URL={place.base} ANTHROPIC_AUTH_TOKEN={place.key} ANTHROPIC_MODEL={model} claude"


def _codex(place: Place, model: str) -> str:
    provider = f'{{name="Passenger",base_url="{place.base}/v1",wire_api="responses",env_key="PASSENGER_KEY"}}'
    settings = ("model_provider=passenger", f"model_providers.passenger={provider}")
    return f"PASSENGER_KEY={place.key} codex -m {model} " + " ".join(f"-c {shlex.quote(one)}" for one in settings)


def _gemini(place: Place, model: str) -> str:
    return f"GOOGLE_GEMINI_BASE_URL={place.base} GEMINI_API_KEY={place.key} gemini -m {model}"


def _qwen(place: Place, model: str) -> str:
    return f"OPENAI_BASE_URL={place.base}/v1 OPENAI_API_KEY={place.key} qwen --auth-type openai -m {model}"


def _aider(place: Place, model: str) -> str:
    return f"OPENAI_API_BASE={place.base}/v1 OPENAI_API_KEY={place.key} aider --model openai/{model}"


_BY_HAND: Mapping[str, _Write] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "qwen": _qwen,
    "aider": _aider,
}
"""Clients that need no file."""


def recipes(place: Place, cards: Sequence[ModelCard]) -> Iterator[Recipe]:
    """Each client's lines, with the model that it would be launched with."""
    suffix = "" if place.port == DEFAULT_PORT else f" --port {place.port}"
    for client in (one for one in ALL if one.launch is not None):
        write, model = _BY_HAND.get(client.name), shlex.quote(_model_for(client, cards, place.named))
        by_hand = write(place, model) if write else None
        yield Recipe(client.name, client.title, f"{place.command} launch {client.name}{suffix}", by_hand)


def _model_for(client: Client, cards: Sequence[ModelCard], named: Mapping[str, str]) -> str:
    """The model that a launch would choose; where there is none, a word to be replaced."""
    try:
        return choose(cards, client, wanted(client, None, named, "model"), None)[0].id
    except NoModelError:
        return "MODEL"


@dataclass(frozen=True, slots=True)
class Variables:
    """The environment that a vendor's libraries read."""

    title: str
    base: str
    exports: str
    also: str = ""
    """Another address, for which nothing has to be set."""


def variables(place: Place) -> list[Variables]:
    """The base URL of each vendor's clients, and the lines that tell it to them."""
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
