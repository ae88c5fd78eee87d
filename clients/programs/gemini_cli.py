"""Gemini CLI: speaks Gemini alone; its own `read_file` reads the note."""

from clients.turn import CLAUDE, KEY, NEWEST_CLAUDE, NOTE, Command, Program, Setting, Turn, as_json, call

PROGRAM = Program(
    name="gemini-cli", title="Gemini CLI", registry="npm", packages=("@google/gemini-cli@0.61.0",), command="gemini"
)
SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
}


def _command(setting: Setting) -> Command:
    return Command(
        arguments=[
            "--skip-trust",
            "--approval-mode=yolo",
            "-m",
            setting.model,
            "-p",
            call("read_file", file_path=NOTE),
        ],
        env={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": setting.url},
        files={setting.home / ".gemini" / "settings.json": as_json(SETTINGS)},
    )


TURNS = (
    Turn(
        program=PROGRAM,
        dialect="gemini",
        told="tool `read_file`",
        command=_command,
    ),
    Turn(
        program=PROGRAM,
        dialect="gemini",
        told="tool `read_file`, sampling and thinking as it likes",
        command=_command,
        sends=['"topK":', '"thinkingConfig":'],
        gets=['"thought":true'],
        only=[NEWEST_CLAUDE, CLAUDE],
    ),
)
