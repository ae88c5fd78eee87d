"""GitHub's Copilot CLI with a provider of one's own, by variables alone: `copilot help providers`."""

from collections.abc import Mapping, Sequence
from shlex import quote

from passenger.clients.models import output_limit, prompt_limit
from passenger.clients.plan import Client, DialectName, Plan, Site
from passenger.clients.setup import Setup, for_setup, shell_key

API: Mapping[DialectName, tuple[str, Mapping[str, str]]] = {
    "messages": ("", {"COPILOT_PROVIDER_TYPE": "anthropic"}),
    "responses": ("/v1", {"COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_WIRE_API": "responses"}),
    "completions": ("/v1", {"COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_WIRE_API": "completions"}),
}


def launch(site: Site) -> Plan:
    """A run without GitHub's own service. It gets the limits of the model, which it may not know."""
    path, api = API[COPILOT.dialect_for(site.model)]
    return Plan(
        argv=["copilot"],
        env={
            "COPILOT_OFFLINE": "true",
            "COPILOT_AUTO_UPDATE": "false",
            "COPILOT_PROVIDER_BASE_URL": site.base + path,
            "COPILOT_PROVIDER_API_KEY": site.key,
            "COPILOT_MODEL": site.model.id,
            "COPILOT_PROVIDER_TRANSPORT": "http",
            "COPILOT_PROVIDER_MAX_PROMPT_TOKENS": str(prompt_limit(site.model)),
            "COPILOT_PROVIDER_MAX_OUTPUT_TOKENS": str(output_limit(site.model)),
            **api,
        },
        unset=["COPILOT_PROVIDER_API_KEY_COMMAND", "COPILOT_PROVIDER_BEARER_TOKEN"],
    )


COPILOT = Client(
    name="copilot",
    title="Copilot CLI",
    binaries=("copilot", "~/.local/bin/copilot"),
    install="npm install -g @github/copilot",
    dialects=("messages", "responses", "completions"),
    managed=("--model",),
    launch=launch,
    takes_small=False,
)


def notes(site: Site) -> Sequence[str]:
    """A function for the user's shell."""
    wire = "responses" if "responses" in site.model.dialects else "completions"
    return [
        "Copilot CLI reads its environment alone. Put this function where your shell starts:",
        f"""
copilot-passenger() {{
  COPILOT_OFFLINE=true COPILOT_PROVIDER_BASE_URL={site.base}/v1 COPILOT_PROVIDER_API_KEY={shell_key(site)} \\
  COPILOT_PROVIDER_WIRE_API={wire} COPILOT_PROVIDER_TRANSPORT=http COPILOT_MODEL={quote(site.model.id)} \\
  COPILOT_PROVIDER_MAX_PROMPT_TOKENS={prompt_limit(site.model)} \\
  COPILOT_PROVIDER_MAX_OUTPUT_TOKENS={output_limit(site.model)} copilot "$@"
}}""",
    ]


SETUP = Setup(client=for_setup(COPILOT, "responses", "completions"), notes=notes)
