"""aider, by flags and variables, or its own file: https://aider.chat/docs/config/options.html and aider_conf.html"""

from collections.abc import Mapping, Sequence

from passenger.clients.files import json_text
from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, DialectName, OwnedFile, Plan, Site
from passenger.clients.setup import QUESTION, Setup, for_setup
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

API: Mapping[DialectName, tuple[str, str, str, str]] = {
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
        files=[OwnedFile(file, json_text(limits))],
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


def edits(site: Site) -> Sequence[Edit]:
    """Its address, key and two models."""
    file = site.machine.home / ".aider.conf.yml"
    values = {
        "openai-api-base": f"{site.base}/v1",
        "openai-api-key": site.key,
        "model": f"openai/{site.model.id}",
        "weak-model": f"openai/{site.small.id}",
    }
    return [
        Edit(file=file, format="yaml", keys=(name,), value=value, secret="key" in name, address="base" in name)
        for name, value in values.items()
    ]


SETUP = Setup(
    client=for_setup(AIDER),
    edits=edits,
    probe=lambda site: [
        *("aider", "--model", f"openai/{site.small.id}", "--no-git", "--no-check-update", "--analytics-disable"),
        *("--no-show-model-warnings", "--yes-always", "--message", QUESTION),
    ],
    agents=("litellm", "openai/python"),
    key_flag="--openai-api-key",
    prompt=3_000,
    environ=lambda site: {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
)
