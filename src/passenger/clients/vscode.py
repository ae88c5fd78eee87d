"""VS Code's own chat, by its "Custom Endpoint" provider: https://code.visualstudio.com/docs/copilot/language-models"""

from collections.abc import Mapping, Sequence

from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, DialectName, Site
from passenger.clients.setup import Setup, needs_key
from passenger.copilot.model_cards import ModelCard
from passenger.edits.edit import Edit

NAME = "Passenger"

PATHS: Mapping[DialectName, tuple[str, str]] = {
    "messages": ("messages", "/v1/messages"),
    "responses": ("responses", "/v1/responses"),
    "completions": ("chat-completions", "/v1/chat/completions"),
}
"""What it calls a dialect, and where that is spoken."""

VSCODE = Client(
    name="vscode",
    title="VS Code",
    binaries=("code",),
    install="snap install --classic code",
    dialects=("messages", "responses", "completions"),
    is_run=False,
)


def edits(site: Site) -> Sequence[Edit]:
    """One provider with all models. VS Code asks for the key itself, and keeps it in the system's store."""
    entry = {
        "name": NAME,
        "vendor": "customendpoint",
        "apiKey": "${input:passengerKey}",
        "apiType": "chat-completions",
        "models": [_model(card, site) for card in site.chat],
    }
    file = site.machine.settings_dir / "Code" / "User" / "chatLanguageModels.json"
    return [Edit(file=file, format="jsonc", keys=(("name", NAME),), value=entry)]


def _model(card: ModelCard, site: Site) -> dict[str, object]:
    kind, path = PATHS[VSCODE.dialect_for(card)]
    efforts = {"supportsReasoningEffort": list(card.efforts)} if card.efforts else {}
    return {
        "id": card.id,
        "name": card.name,
        "url": f"{site.base}{path}",
        "apiType": kind,
        "toolCalling": card.tools,
        "vision": card.vision,
        "thinking": card.thinks,
        "maxInputTokens": prompt_limit(card),
        "maxOutputTokens": output_limit(card),
        "zeroDataRetentionEnabled": True,
        **efforts,
    }


def notes(site: Site) -> Sequence[str]:
    """What has to be done by hand."""
    key = "the server's key" if needs_key(site) else "anything"
    return [
        f"VS Code 1.122 or later: pick a model of {NAME} in the chat; when it asks for a key, give {key}.",
        "It has not been run with VS Code itself: the file's format is from its vendor's pages.",
    ]


SETUP = Setup(client=VSCODE, edits=edits, notes=notes)
