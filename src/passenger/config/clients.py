"""The clients whose models can be set, by the names that `passenger launch` and `passenger setup` take."""

CLIENTS = frozenset(
    {
        *("aider", "claude", "cline", "codex", "continue", "copilot", "crush", "droid"),
        *("gemini", "goose", "llm", "open-webui", "opencode", "pi", "qwen", "vscode", "zed"),
    }
)
"""All of them; they stand here a second time, so that reading the settings imports no client."""
