"""GitHub's own Copilot CLI with a provider of one's own: no sign-in, three dialects; its own `view` reads the note."""

from collections.abc import Mapping
from functools import partial

from clients.faults import FAULTS, SOON, judge
from clients.refusals import refused_turns
from clients.turn import (
    MODELS,
    RESPONSES_ONLY,
    Command,
    Dialect,
    Program,
    Setting,
    Turn,
    call,
)

PROGRAM = Program(
    name="copilot", title="Copilot CLI", registry="npm", packages=("@github/copilot@1.0.102",), command="copilot"
)
FROM: Mapping[Dialect, tuple[str, Mapping[str, str]]] = {
    "chat": ("/v1", {}),
    "responses": ("/v1", {"COPILOT_PROVIDER_WIRE_API": "responses"}),
    "messages": ("", {"COPILOT_PROVIDER_TYPE": "anthropic"}),
}
"""What makes it speak a dialect, and where below Passenger's address it looks for it."""


NOTHING: Mapping[str, str] = {}
SOCKET = {"COPILOT_PROVIDER_TRANSPORT": "websockets"}

PATCHED = "patched by Copilot"


def _reads(setting: Setting, dialect: Dialect) -> Command:
    return _command(setting, dialect, call("view", path=str(setting.note)))


def _patches(setting: Setting, dialect: Dialect) -> Command:
    """To a GPT it offers a tool that takes free text by a grammar: a `custom` one, of Chat Completions too."""
    patch = f"*** Begin Patch\n*** Update File: {setting.note}\n@@\n+{PATCHED}\n*** End Patch"
    return _command(setting, dialect, f"Please patch the note. [[call apply_patch {patch}]]")


def _speaks(setting: Setting) -> Command:
    return _command(setting, "responses", call("view", path=str(setting.note)), SOCKET)


def _command(setting: Setting, dialect: Dialect, prompt: str, more: Mapping[str, str] = NOTHING) -> Command:
    path, env = FROM[dialect]
    return Command(
        arguments=["-s", "--allow-all-tools", "-p", prompt],
        env={
            "COPILOT_OFFLINE": "true",
            "COPILOT_AUTO_UPDATE": "false",
            "COPILOT_PROVIDER_BASE_URL": setting.url + path,
            "COPILOT_PROVIDER_API_KEY": setting.key,
            "COPILOT_MODEL": setting.model,
            **env,
            **more,
        },
    )


TURNS = (
    *(
        Turn(program=PROGRAM, dialect=dialect, told="tool `view`", command=partial(_reads, dialect=dialect))
        for dialect in FROM
    ),
    Turn(
        program=PROGRAM,
        dialect="responses",
        told="tool `view`, WebSocket",
        command=_speaks,
        sends=['"response.create"'],
    ),
    *(
        Turn(
            program=PROGRAM,
            dialect="responses",
            told=f"tool `view`, WebSocket, {fault}",
            command=_speaks,
            only=MODELS["responses"][:2],
            fault=fault,
            patience=SOON,
            judge=partial(judge, fault),
        )
        for fault in FAULTS
    ),
    *(
        Turn(
            program=PROGRAM,
            dialect=dialect,
            told="free-text tool `apply_patch`",
            command=partial(_patches, dialect=dialect),
            edits=PATCHED,
            only=[RESPONSES_ONLY],
        )
        for dialect in ("chat", "responses")
    ),
    *(
        turn
        for dialect in FROM
        for turn in refused_turns(
            Turn(program=PROGRAM, dialect=dialect, told="tool `view`", command=partial(_reads, dialect=dialect)),
            own="Authentication failed with provider",
        )
    ),
)
