"""Qwen Code, by flags and variables, or its own settings: https://qwenlm.github.io/qwen-code-docs/"""

from collections.abc import Mapping, Sequence

from passenger.clients.plan import Client, DialectName, Plan, Site
from passenger.clients.setup import QUESTION, Setup, for_setup
from passenger.edits.edit import Edit

API: Mapping[DialectName, tuple[str, str, str, str]] = {
    "messages": ("anthropic", "ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
    "responses": ("openai-responses", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    "completions": ("openai", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
}
"""What makes it speak a dialect, and where it then looks for the address and the key."""


def launch(site: Site) -> Plan:
    """A run with the model's own API; the flag wins over a login that is saved."""
    kind, base, path, key = API[QWEN.dialect_for(site.model)]
    return Plan(
        argv=["qwen", "--auth-type", kind, "-m", site.model.id],
        env={base: site.base + path, key: site.key, "QWEN_USAGE_STATISTICS_ENABLED": "false"},
        unset=["OPENAI_MODEL", "ANTHROPIC_MODEL", "QWEN_MODEL"],
    )


QWEN = Client(
    name="qwen",
    title="Qwen Code",
    binaries=("qwen",),
    install="npm install -g @qwen-code/qwen-code",
    dialects=("messages", "responses", "completions"),
    managed=("-m", "--model", "--auth-type", "--openai-api-key", "--openai-base-url"),
    launch=launch,
    takes_small=False,
)


def edits(site: Site) -> Sequence[Edit]:
    """The variables in its own settings, and the kind of login."""
    file = site.machine.home / ".qwen" / "settings.json"
    secret, address = ("security", "auth", "apiKey"), ("security", "auth", "baseUrl")
    values: Mapping[tuple[str, ...], str] = {
        ("security", "auth", "selectedType"): "openai",
        address: f"{site.base}/v1",
        secret: site.key,
        ("model", "name"): site.model.id,
    }
    return [
        Edit(file=file, format="json-comments", keys=keys, value=value, secret=keys == secret, address=keys == address)
        for keys, value in values.items()
    ]


SETUP = Setup(
    client=for_setup(QWEN),
    edits=edits,
    probe=lambda site: ["qwen", "-m", site.small.id, "-p", QUESTION],
    agents=("qwencode",),
    prompt=15_000,
)
