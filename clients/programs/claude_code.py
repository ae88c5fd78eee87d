"""Claude Code: speaks Messages alone; its own `Read` reads the note."""

from clients.turn import KEY, Command, Program, Setting, Turn, call

PROGRAM = Program(
    name="claude-code",
    title="Claude Code",
    registry="npm",
    packages=("@anthropic-ai/claude-code@2.1.330",),
    command="claude",
)


def _command(setting: Setting) -> Command:
    return Command(
        arguments=[
            "-p",
            call("Read", file_path=str(setting.note)),
            "--model",
            setting.model,
            "--allowedTools",
            "Read",
        ],
        env={
            "ANTHROPIC_BASE_URL": setting.url,
            "ANTHROPIC_AUTH_TOKEN": KEY,
            "ANTHROPIC_SMALL_FAST_MODEL": setting.model,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
        },
    )


TURNS = (
    Turn(
        program=PROGRAM,
        dialect="messages",
        told="tool `Read`",
        command=_command,
    ),
)
