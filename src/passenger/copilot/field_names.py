"""What a client calls a field of a translated request that Copilot's model does not take."""

from collections.abc import Iterator, Mapping

from passenger import reasoning
from passenger.chat import Reasoning

_SAMPLING = {name: name for name in ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty")}
_HUB: Mapping[str, Mapping[str, str]] = {
    "messages": {
        **_SAMPLING,
        "thinking": "reasoning",
        "thinking.display": "reasoning.show",
        "output_config.effort": "reasoning.effort",
        "metadata": "user",
    },
    "completions": {
        **_SAMPLING,
        "reasoning_effort": "reasoning.effort",
        "thinking_budget": "reasoning.effort",
        "verbosity": "verbosity",
        "user": "user",
    },
    "responses": {
        **_SAMPLING,
        "reasoning": "reasoning",
        "reasoning.effort": "reasoning.effort",
        "reasoning.summary": "reasoning.show",
        "text.verbosity": "verbosity",
        "prompt_cache_key": "cache_key",
        "parallel_tool_calls": "parallel",
        "user": "user",
    },
}
"""The hub's names of what a client may have sent, by API; all else in such a request is of our own making."""


def client_name(path: str, api: str, fields: Mapping[str, str], wanted: Reasoning | None) -> str | None:
    """The client's name of a field, None where it has sent no such thing.

    `fields` are the dialect's names of the hub's fields, and `wanted` is how the client said to think.
    """
    hub = next((_HUB[api][place] for place in _prefixes(path) if place in _HUB[api]), None)
    if hub == "reasoning.effort" and wanted is not None:
        hub = reasoning.measure(wanted)
    return None if hub is None else fields.get(hub, hub)


def _prefixes(path: str) -> Iterator[str]:
    """A path, and the places that it is in, the nearest first."""
    while path:
        yield path
        path = path.rpartition(".")[0]
