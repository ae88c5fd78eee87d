"""Qwen Code, by flags that choose the API and variables for it: https://qwenlm.github.io/qwen-code-docs/"""

from collections.abc import Mapping

from passenger.clients.plan import Client, Dialect, Plan, Site

API: Mapping[Dialect, tuple[str, str, str, str]] = {
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
