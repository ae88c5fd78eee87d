"""goose, by variables alone, from its vendor's page: https://block.github.io/goose/docs/getting-started/providers"""

from passenger.clients.plan import Client, Plan, Site


def launch(site: Site) -> Plan:
    """A run with OpenAI's provider at our address; it keeps no key in the keyring."""
    return Plan(
        argv=["goose"],
        env={
            "GOOSE_PROVIDER": "openai",
            "GOOSE_MODEL": site.model.id,
            "GOOSE_FAST_MODEL": site.small.id,
            "OPENAI_HOST": site.base,
            "OPENAI_API_KEY": site.key,
            "GOOSE_DISABLE_KEYRING": "1",
        },
        unset=["OPENAI_BASE_PATH", "OPENAI_BASE_URL"],
    )


GOOSE = Client(
    name="goose",
    title="goose",
    binaries=("goose", "~/.local/bin/goose"),
    install="brew install block-goose-cli",
    dialects=("completions",),
    launch=launch,
    is_run=False,
)
