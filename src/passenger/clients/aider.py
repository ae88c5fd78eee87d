"""aider, by flags, variables and a file of limits: https://aider.chat/docs/config/options.html"""

from collections.abc import Mapping

from passenger.clients.files import as_json
from passenger.clients.fit import output_limit, prompt_limit
from passenger.clients.plan import Client, Dialect, OwnedFile, Plan, Site
from passenger.control.cards import ModelCard

API: Mapping[Dialect, tuple[str, str, str, str]] = {
    "messages": ("anthropic", "ANTHROPIC_API_BASE", "", "ANTHROPIC_API_KEY"),
    "completions": ("openai", "OPENAI_API_BASE", "/v1", "OPENAI_API_KEY"),
}
"""The prefix of a model's name that makes it speak a dialect, and where it then looks for the address and the key."""


def launch(site: Site) -> Plan:
    """A run with both models; without the limits it warns that it does not know them."""
    file = site.directory / "limits.json"
    limits = {name(card): _limits(card) for card in site.chat}
    variables = [(base, site.base + path, key) for _, base, path, key in API.values()]
    return Plan(
        argv=[
            *("aider", "--model", name(site.model), "--weak-model", name(site.small)),
            *("--model-metadata-file", str(file), "--no-check-update", "--analytics-disable"),
        ],
        env={
            **{base: address for base, address, _ in variables},
            **{key: site.key for _, _, key in variables},
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        unset=["AIDER_MODEL", "AIDER_WEAK_MODEL", "AIDER_OPENAI_API_BASE", "AIDER_OPENAI_API_KEY"],
        files=[OwnedFile(file, as_json(limits))],
    )


def name(card: ModelCard) -> str:
    """The model as aider names it."""
    return f"{API[AIDER.dialect_for(card)][0]}/{card.id}"


def _limits(card: ModelCard) -> dict[str, object]:
    return {
        "max_input_tokens": prompt_limit(card),
        "max_output_tokens": output_limit(card),
        "litellm_provider": API[AIDER.dialect_for(card)][0],
        "mode": "chat",
    }


AIDER = Client(
    name="aider",
    title="aider",
    binaries=("aider", "~/.local/bin/aider"),
    install="uv tool install aider-chat",
    dialects=("messages", "completions"),
    managed=("--model", "--weak-model", "--model-metadata-file", "--openai-api-key", "--openai-api-base"),
    launch=launch,
)
