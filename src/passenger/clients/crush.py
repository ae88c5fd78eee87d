"""crush, by a configuration file of our own, from its own page: https://github.com/charmbracelet/crush"""

from shlex import quote

from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, OwnedFile, Plan, Site
from passenger.clients.setup import KEY_VARIABLE
from passenger.copilot.model_cards import ModelCard


def launch(site: Site) -> Plan:
    """A run with a configuration that is code: it adds a provider with our models."""
    file = site.directory / "crush" / "crushrc"
    base = quote(f"{site.base}/v1")
    lines = [
        f'provider add passenger --type openai-compat --base-url {base} --api-key "${KEY_VARIABLE}"',
        *(_model(card) for card in site.chat),
    ]
    return Plan(
        argv=["crush"],
        env={
            KEY_VARIABLE: site.key,
            "CRUSH_GLOBAL_CONFIG": str(file.parent),
            "CRUSH_DISABLE_METRICS": "1",
            "CRUSH_DISABLE_PROVIDER_AUTO_UPDATE": "1",
        },
        files=[OwnedFile(file, "\n".join(lines) + "\n")],
        notes=[f"Choose {site.model.name} in crush's own list of models.", "Your own crushrc is not read in this run."],
    )


def _model(card: ModelCard) -> str:
    name = card.name.replace("'", "")
    window = prompt_limit(card) + output_limit(card)
    return f"model add {quote(f'passenger/{card.id}')} --name '{name}' --context-window {window}"


CRUSH = Client(
    name="crush",
    title="crush",
    binaries=("crush",),
    install="npm install -g @charmland/crush",
    dialects=("completions",),
    launch=launch,
    takes_small=False,
    is_run=False,
)
