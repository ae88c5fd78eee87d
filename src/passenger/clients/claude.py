"""Claude Code."""

from passenger.clients.plan import Client

CLAUDE = Client(
    name="claude",
    title="Claude Code",
    binaries=("claude", "~/.local/bin/claude", "~/.claude/local/claude"),
    install="npm install -g @anthropic-ai/claude-code",
    dialects=("messages",),
)
