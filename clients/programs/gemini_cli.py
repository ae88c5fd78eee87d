"""Gemini CLI: speaks Gemini alone; its own `read_file` reads the note."""

from clients.refusals import refused_turns
from clients.turn import CLAUDE, NEWEST_CLAUDE, NOTE, Command, Program, Setting, Turn, as_json, call

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
        env={"GEMINI_API_KEY": setting.key, "GOOGLE_GEMINI_BASE_URL": setting.url},
        files={setting.home / ".gemini" / "settings.json": as_json(SETTINGS)},
    )


def _searches(setting: Setting) -> Command:
    """It searches the web and reads the note."""
    reads = _command(setting)
    prompt = f'{reads.arguments[-1]} [[call google_web_search {{"query": "birds of Iceland"}}]]'
    return Command(arguments=[*reads.arguments[:-1], prompt], env=reads.env, files=reads.files)


READS = Turn(program=PROGRAM, dialect="gemini", told="tool `read_file`", command=_command)
TURNS = (
    Turn(
        program=PROGRAM,
        dialect="gemini",
        told="tools `read_file` and `google_web_search`",
        command=_searches,
        sends=['"googleSearch"'],
        gets=['"groundingMetadata"'],
    ),
    READS,
    Turn(
        program=PROGRAM,
        dialect="gemini",
        told="tool `read_file`, sampling and thinking as it likes",
        command=_command,
        sends=['"topK":', '"thinkingConfig":'],
        gets=['"thought":true'],
        only=[NEWEST_CLAUDE, CLAUDE],
    ),
    *refused_turns(READS),
)
