"""Codex CLI: speaks Responses alone, by any of three providers, or over a WebSocket; its own shell tool reads the note.

How its providers are pointed elsewhere: https://developers.openai.com/codex/config-reference
"""

from collections.abc import Callable, Sequence
from functools import partial

from clients.faults import FAULTS, SOON, judge
from clients.refusals import refused_turns
from clients.turn import (
    COMPLETIONS_ONLY,
    NEWEST_CLAUDE,
    NOTE,
    RESPONSES_ONLY,
    Command,
    Program,
    Setting,
    Turn,
    call,
)

PROGRAM = Program(name="codex", title="Codex CLI", registry="npm", packages=("@openai/codex@0.169.0",), command="codex")

ALWAYS = (
    "--skip-git-repo-check",
    # The model is scripted to read one file; the sandbox needs rights that a container seldom gives.
    "--dangerously-bypass-approvals-and-sandbox",
    "-c",
    "analytics.enabled=false",
    "-c",
    "check_for_update_on_startup=false",
)


def _custom(setting: Setting) -> Sequence[str]:
    provider = f'{{name="Passenger",base_url="{setting.url}/v1",env_key="PASSENGER_KEY",wire_api="responses"}}'
    return ("-c", "model_provider=passenger", "-c", f"model_providers.passenger={provider}")


def _socket(setting: Setting) -> Sequence[str]:
    return (*_custom(setting), "-c", "model_providers.passenger.supports_websockets=true")


def _built_in(setting: Setting) -> Sequence[str]:
    return ("-c", f'openai_base_url="{setting.url}/v1"')


def _oss(_: Setting) -> Sequence[str]:
    return ("--oss", "--local-provider", "ollama")


Way = Callable[[Setting], Sequence[str]]
OF_ITS_OWN, OF_OPENAI = "CONTEXT CHECKPOINT COMPACTION", '"compaction_trigger"'
"""What it sends to compact: it asks the model for a summary, or OpenAI's backend for an item that it cannot read."""

SPOKEN = '"response.create"'
"""What is said over a WebSocket alone, which its built-in provider opens without being told to."""

WAYS: dict[str, tuple[Way, str]] = {
    "custom provider": (_custom, OF_ITS_OWN),
    "WebSocket": (_socket, OF_ITS_OWN),
    "built-in provider": (_built_in, OF_OPENAI),
    "`--oss`": (_oss, OF_ITS_OWN),
}

LARGE = f"cat {NOTE}; seq 1 12000"
PASSED_ON = 2600
"""Tokens of a command's output that it passes on: as told, and by itself to a model that it does not know."""

LIMIT = 13000
"""Tokens after which it compacts: more than its own prompt of 9,300 and the output, less than these and the answer.

So it compacts between two turns: within one, the scripted model would make the same call again, without end.
"""


def _reads(setting: Setting, way: Way) -> Command:
    arguments = ["exec", *ALWAYS, *way(setting), "--model", setting.model]
    return _command(setting, [*arguments, call("exec_command", cmd=f"cat {NOTE}")])


def _compacts(setting: Setting, way: Way) -> Command:
    """A session that has grown too long is resumed, and reads the note once more."""
    limit = ("-c", f"model_auto_compact_token_limit={LIMIT}")
    arguments = [*ALWAYS, *way(setting), "--model", setting.model, *limit]
    first = ["exec", *arguments, call("exec_command", cmd=LARGE, max_output_tokens=PASSED_ON)]
    return _command(setting, first, ["exec", *arguments, "resume", "--last", call("exec_command", cmd=f"cat {NOTE}")])


def _changes(setting: Setting, way: Way) -> Command:
    """A session of another model's, with that one's reasoning and calls, is resumed."""
    prompt = call("exec_command", cmd=f"cat {NOTE}")
    other = NEWEST_CLAUDE if setting.model == RESPONSES_ONLY else RESPONSES_ONLY
    first, second = (["exec", *ALWAYS, *way(setting), "--model", model] for model in (other, setting.model))
    return _command(setting, [*first, prompt], [*second, "resume", "--last", prompt])


def _command(setting: Setting, arguments: Sequence[str], *then: Sequence[str]) -> Command:
    env = {
        "PASSENGER_KEY": setting.key,
        "OPENAI_API_KEY": setting.key,
        "CODEX_OSS_BASE_URL": f"{setting.url}/v1",
        "CODEX_HOME": str(setting.home / ".codex"),
    }
    return Command(arguments=arguments, then=then, env=env, files={setting.home / ".codex" / "config.toml": ""})


MODELS = (RESPONSES_ONLY, NEWEST_CLAUDE, COMPLETIONS_ONLY)
TURNS = (
    *(
        Turn(
            program=PROGRAM,
            dialect="responses",
            told=f"tool `exec_command`, {name}",
            command=partial(_reads, way=way),
            sends=[SPOKEN] if way in {_socket, _built_in} else [],
            only=MODELS,
        )
        for name, (way, _) in WAYS.items()
    ),
    *(
        Turn(
            program=PROGRAM,
            dialect="responses",
            told=f"compacts, then tool `exec_command`, {name}",
            command=partial(_compacts, way=way),
            sends=[sign],
            only=MODELS,
        )
        for name, (way, sign) in WAYS.items()
    ),
    *(
        Turn(
            program=PROGRAM,
            dialect="responses",
            told=f"tool `exec_command`, WebSocket, {fault}",
            command=partial(_reads, way=_socket),
            only=MODELS[:2],
            fault=fault,
            patience=SOON,
            judge=partial(judge, fault),
        )
        for fault in FAULTS
    ),
    Turn(
        program=PROGRAM,
        dialect="responses",
        told="changes the model, then tool `exec_command`, built-in provider",
        command=partial(_changes, way=_built_in),
        only=MODELS,
    ),
    *refused_turns(
        Turn(
            program=PROGRAM,
            dialect="responses",
            told="tool `exec_command`, custom provider",
            command=partial(_reads, way=_custom),
        )
    ),
)
