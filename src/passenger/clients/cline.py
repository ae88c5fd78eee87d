"""Cline's CLI, by a data directory of our own, which is where it keeps its providers: https://docs.cline.bot/cline-cli"""

from collections.abc import Sequence
from shlex import quote

from passenger.clients.files import json_text
from passenger.clients.plan import Client, OwnedFile, Plan, Site
from passenger.clients.setup import Setup, for_setup, shell_key

PROVIDER = "openai-compatible"
"""The only one for which it takes another address."""


def launch(site: Site) -> Plan:
    """A run with one provider; the user's own providers and history are out of sight."""
    directory = site.directory / "data"
    settings = {"provider": PROVIDER, "apiKey": site.key, "model": site.model.id, "baseUrl": f"{site.base}/v1"}
    entry = {"settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}
    text = json_text({"version": 1, "lastUsedProvider": PROVIDER, "modes": {}, "providers": {PROVIDER: entry}})
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


def notes(site: Site) -> Sequence[str]:
    """Its own command, which writes its own file."""
    return [
        "Cline CLI keeps its provider where only its own command writes. Run:",
        f"\ncline auth -p openai-compatible -k {shell_key(site)} -m {quote(site.model.id)} -b {site.base}/v1",
        "`cline auth` with another provider takes it back.",
    ]


SETUP = Setup(client=for_setup(CLINE), notes=notes)
