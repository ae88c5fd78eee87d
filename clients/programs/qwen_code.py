"""Qwen Code: speaks four dialects, by `--auth-type`; its own `read_file` reads the note."""

from collections.abc import Mapping
from functools import partial

from clients.turn import (
    NEWEST_CLAUDE,
    Command,
    Dialect,
    Program,
    Setting,
    Turn,
    as_json,
    call,
)

PROGRAM = Program(
    name="qwen-code", title="Qwen Code", registry="npm", packages=("@qwen-code/qwen-code@0.24.4",), command="qwen"
)
FROM: Mapping[Dialect, tuple[str, str, str, str]] = {
    "chat": ("openai", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    "responses": ("openai-responses", "OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
    "messages": ("anthropic", "ANTHROPIC_BASE_URL", "", "ANTHROPIC_API_KEY"),
    "gemini": ("gemini", "GOOGLE_GEMINI_BASE_URL", "", "GEMINI_API_KEY"),
}
"""What makes it speak a dialect, and where it then looks for address and key."""

SETTINGS = {
    "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "memory": {"enableManagedAutoMemory": False},
}


def _command(setting: Setting, dialect: Dialect) -> Command:
    kind, base, path, key = FROM[dialect]
    prompt = call("read_file", file_path=str(setting.note))
    return Command(
        arguments=["--auth-type", kind, "-m", setting.model, "--yolo", "-p", prompt],
        env={base: setting.url + path, key: setting.key},
        files={setting.home / ".qwen" / "settings.json": as_json(SETTINGS)},
    )


TURNS = (
    *(
        Turn(program=PROGRAM, dialect=dialect, told="tool `read_file`", command=partial(_command, dialect=dialect))
        for dialect in FROM
    ),
    Turn(
        program=PROGRAM,
        dialect="gemini",
        told="tool `read_file`, sampling and thinking as it likes",
        command=partial(_command, dialect="gemini"),
        sends=['"topK":', '"thinkingConfig":'],
        gets=['"thought":true'],
        only=[NEWEST_CLAUDE],
    ),
)
