"""The client's name of a field that Copilot rejected in a translated request."""

from collections.abc import Iterator, Mapping

from passenger.chat import reasoning
from passenger.chat.prompt import ReasoningConfig

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
"""The neutral names of fields that a client may have sent, by API. All other fields are our own."""


def client_name(path: str, api: str, fields: Mapping[str, str], wanted: ReasoningConfig | None) -> str | None:
    """The client's name of a field of Copilot's; None if the client sent no such field.

    `fields` are the names of the client's dialect by neutral name, `wanted` is what the client said of reasoning.
    """
    hub = next((_HUB[api][place] for place in _prefixes(path) if place in _HUB[api]), None)
    if hub == "reasoning.effort" and wanted is not None:
        hub = reasoning.field_name(wanted)
    return None if hub is None else fields.get(hub, hub)


def _prefixes(path: str) -> Iterator[str]:
    """A path and its parents, the nearest first."""
    while path:
        yield path
        path = path.rpartition(".")[0]
