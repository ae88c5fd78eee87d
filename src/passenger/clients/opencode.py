"""opencode."""

from passenger.clients.plan import Client

OPENCODE = Client(
    name="opencode",
    title="opencode",
    binaries=("opencode", "~/.opencode/bin/opencode"),
    install="npm install -g opencode-ai",
    dialects=("completions",),
)
