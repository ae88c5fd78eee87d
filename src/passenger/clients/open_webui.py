"""Open WebUI, which reads its environment alone: https://docs.openwebui.com"""

from collections.abc import Sequence

from passenger.clients.plan import Client, Site
from passenger.clients.setup import Setup, shell_key

OPEN_WEBUI = Client(
    name="open-webui",
    title="Open WebUI",
    binaries=("open-webui",),
    install="uv tool install open-webui",
    dialects=("completions",),
)


def notes(site: Site) -> Sequence[str]:
    """The variables, and where they no longer count."""
    return [
        "Open WebUI reads these on its first start; later its database has them (Admin Settings > Connections):",
        f"\nOPENAI_API_BASE_URL={site.base}/v1 OPENAI_API_KEY={shell_key(site)} open-webui serve",
        "In a container the address is http://host.docker.internal, which [server] allowed_hosts has to list.",
    ]


SETUP = Setup(client=OPEN_WEBUI, notes=notes)
