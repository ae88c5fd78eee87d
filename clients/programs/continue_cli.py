"""Continue's `cn`: a configuration file for each provider; its own `Read` reads the note."""

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
    name="continue", title="Continue", registry="npm", packages=("@continuedev/cli@1.5.47",), command="cn"
)
PROVIDER: Mapping[Dialect, str] = {"chat": "openai", "messages": "anthropic"}


def _command(setting: Setting, dialect: Dialect) -> Command:
    model = {
        "name": setting.model,
        "provider": PROVIDER[dialect],
        "model": setting.model,
        "apiBase": f"{setting.url}/v1/",
        "apiKey": setting.key,
        "roles": ["chat"],
        "capabilities": ["tool_use"],
    }
    config = setting.home / "passenger.yaml"
    return Command(
        arguments=["--config", str(config), "--auto", "-p", call("Read", filepath=str(setting.note))],
        env={"CONTINUE_TELEMETRY_ENABLED": "0", "CONTINUE_GLOBAL_DIR": str(setting.home / ".continue")},
        # JSON is YAML, too
        files={config: as_json({"name": "passenger", "version": "1.0.0", "schema": "v1", "models": [model]})},
    )


TURNS = tuple(
    Turn(program=PROGRAM, dialect=dialect, told="tool `Read`", command=partial(_command, dialect=dialect))
    for dialect in PROVIDER
)
