"""Cline's CLI, by a data directory of our own, which is where it keeps its providers: https://docs.cline.bot/cline-cli"""

from passenger.clients.files import as_json
from passenger.clients.plan import Client, OwnedFile, Plan, Site

PROVIDER = "openai-compatible"
"""The only one for which it takes another address."""


def launch(site: Site) -> Plan:
    """A run with one provider; the user's own providers and history are out of sight."""
    directory = site.directory / "data"
    settings = {
        "provider": PROVIDER,
        "apiKey": site.key,
        "model": site.model.id,
        "baseUrl": f"{site.base}/v1",
    }
    entry = {"settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}
    text = as_json({"version": 1, "lastUsedProvider": PROVIDER, "modes": {}, "providers": {PROVIDER: entry}})
    return Plan(
        argv=["cline", "--data-dir", str(directory)],
        files=[OwnedFile(directory / "settings" / "providers.json", text)],
        notes=["Cline keeps no history of this run."],
    )


CLINE = Client(
    name="cline",
    title="Cline CLI",
    binaries=("cline",),
    install="npm install -g cline",
    dialects=("completions",),
    managed=("--data-dir", "-P", "--provider", "-m", "--model", "-k", "--key"),
    launch=launch,
    takes_small=False,
)
