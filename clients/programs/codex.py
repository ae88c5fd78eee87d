"""Codex CLI: speaks Responses alone; its own shell tool reads the note."""

from clients.turn import KEY, NOTE, Command, Program, Setting, Turn, call

PROGRAM = Program(name="codex", title="Codex CLI", registry="npm", packages=("@openai/codex@0.169.0",), command="codex")


def _command(setting: Setting) -> Command:
    provider = f'{{name="Passenger",base_url="{setting.url}/v1",env_key="PASSENGER_KEY",wire_api="responses"}}'
    return Command(
        arguments=[
            "exec",
            "--skip-git-repo-check",
            # The model is scripted to read one file; the sandbox needs rights that a container seldom gives.
            "--sandbox=danger-full-access",
            "--model",
            setting.model,
            "-c",
            "model_provider=passenger",
            "-c",
            f"model_providers.passenger={provider}",
            "-c",
            "analytics.enabled=false",
            "-c",
            "check_for_update_on_startup=false",
            call("exec_command", cmd=f"cat {NOTE}"),
        ],
        env={"PASSENGER_KEY": KEY, "CODEX_HOME": str(setting.home / ".codex")},
        files={setting.home / ".codex" / "config.toml": ""},
    )


TURNS = (
    Turn(
        program=PROGRAM,
        dialect="responses",
        told="tool `exec_command`",
        command=_command,
    ),
)
