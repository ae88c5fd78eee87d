"""aider: edits files by blocks in the model's text; it has no tools, so the model is made to repeat such a block."""

from collections.abc import Mapping

from clients.turn import NOTE, Command, Dialect, Program, Setting, Turn

PROGRAM = Program(name="aider", title="aider", registry="pip", packages=("aider-chat==0.86.2",), command="aider")
EDITED = "edited by aider"
QUIET = (
    "--yes-always",
    "--no-git",
    "--no-pretty",
    "--no-analytics",
    "--no-check-update",
    "--no-show-release-notes",
    "--no-show-model-warnings",
    "--no-detect-urls",
    "--no-suggest-shell-commands",
    "--no-gitignore",
)
FROM: Mapping[Dialect, tuple[str, str, str, str]] = {
    "chat": ("openai", "OPENAI_API_BASE", "/v1", "OPENAI_API_KEY"),
    "messages": ("anthropic", "ANTHROPIC_API_BASE", "", "ANTHROPIC_API_KEY"),
    "ollama": ("ollama_chat", "OLLAMA_API_BASE", "", "OLLAMA_API_KEY"),
}
"""The prefix of a model's name that makes aider speak a dialect, and where it then looks for address and key."""


def _command(setting: Setting, dialect: Dialect) -> Command:
    prefix, base, path, key = FROM[dialect]
    message = setting.home / "message.txt"
    # An answer repeats the first 200 characters of what the user said, this block among them.
    block = f"\n{NOTE}\n<<<<<<< SEARCH\n{setting.secret}\n=======\n{setting.secret}, {EDITED}\n>>>>>>> REPLACE\n"
    model = f"{prefix}/{setting.model}"
    return Command(
        arguments=[
            "--model",
            model,
            "--weak-model",
            model,
            "--edit-format",
            "diff",
            *QUIET,
            "--message-file",
            str(message),
            NOTE,
        ],
        env={base: setting.url + path, key: setting.key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        files={message: block},
    )


TOLD = "edits a file"
TURNS = (
    Turn(program=PROGRAM, dialect="chat", told=TOLD, command=lambda s: _command(s, "chat"), edits=EDITED),
    Turn(
        program=PROGRAM,
        dialect="messages",
        told=TOLD,
        command=lambda s: _command(s, "messages"),
        edits=EDITED,
    ),
    Turn(program=PROGRAM, dialect="ollama", told=TOLD, command=lambda s: _command(s, "ollama"), edits=EDITED),
)
