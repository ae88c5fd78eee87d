"""opencode: speaks four dialects, each by the SDK that its configuration names; its own `read` reads the note."""

from collections.abc import Mapping
from functools import partial

from clients.turn import (
    Command,
    Dialect,
    Program,
    Setting,
    Turn,
    as_json,
    call,
)

PROGRAM = Program(
    name="opencode", title="opencode", registry="npm", packages=("opencode-ai@1.18.33",), command="opencode"
)
SDK: Mapping[Dialect, tuple[str, str]] = {
    "chat": ("@ai-sdk/openai-compatible", "/v1"),
    "responses": ("@ai-sdk/openai", "/v1"),
    "messages": ("@ai-sdk/anthropic", "/v1"),
    "gemini": ("@ai-sdk/google", "/v1beta"),
}
"""The SDK that speaks a dialect, and where below Passenger's address it looks for it."""

QUIET = {
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_SHARE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
}


def _command(setting: Setting, dialect: Dialect) -> Command:
    package, path = SDK[dialect]
    provider = {
        "npm": package,
        "options": {"baseURL": setting.url + path, "apiKey": setting.key},
        "models": {setting.model: {"tool_call": True}},
    }
    config = {"provider": {"passenger": provider}, "autoupdate": False, "share": "disabled"}
    return Command(
        arguments=["run", "-m", f"passenger/{setting.model}"],
        env=QUIET,
        files={setting.work / "opencode.json": as_json(config)},
        stdin=call("read", filePath=str(setting.note)),
    )


TURNS = tuple(
    Turn(program=PROGRAM, dialect=dialect, told="tool `read`", command=partial(_command, dialect=dialect))
    for dialect in SDK
)
