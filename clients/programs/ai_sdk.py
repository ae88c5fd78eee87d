"""The Vercel AI SDK: a tool loop of a few lines, by each of the packages that speak a dialect."""

from functools import partial

from clients.refusals import refused_turns
from clients.turn import CLAUDE, MODELS, RESPONSES_ONLY, Command, Dialect, Program, Setting, Turn, call, script

PROGRAM = Program(
    name="ai-sdk",
    title="Vercel AI SDK",
    registry="npm",
    packages=(
        "ai@7.0.173",
        "@ai-sdk/openai@4.0.118",
        "@ai-sdk/openai-compatible@3.0.92",
        "@ai-sdk/anthropic@4.0.105",
        "@ai-sdk/google@4.0.121",
        "zod@4.6.7",
    ),
    command="node",
)


def _command(setting: Setting, dialect: Dialect, store: str = "", retries: str = "0") -> Command:
    turn = setting.home / "turn.cjs"
    return Command(
        arguments=[str(turn)],
        env={
            "URL": setting.url,
            "KEY": setting.key,
            "DIALECT": dialect,
            "MODEL": setting.model,
            "PROMPT": f"{call('read_note')} [[think]]" if dialect == "responses" else call("read_note"),
            "STORE": store,
            "RETRIES": retries,
            "NODE_PATH": str(setting.packages),
        },
        files={turn: script("ai_sdk_turn.cjs")},
    )


RETRIES = "2"
"""What it does by itself. A turn that is to pass without a refusal makes none."""

TOLD = "tool loop, whole and streamed"
TURNS = (
    *(
        Turn(
            program=PROGRAM,
            dialect=dialect,
            told=TOLD,
            command=partial(_command, dialect=dialect),
            only=MODELS[dialect][:2],
        )
        for dialect in ("chat", "messages", "gemini")
    ),
    Turn(
        program=PROGRAM,
        dialect="responses",
        told=f"{TOLD}, `store: false`",
        command=partial(_command, dialect="responses", store="false"),
        only=MODELS["responses"],
    ),
    Turn(
        program=PROGRAM,
        dialect="responses",
        told=f"{TOLD}, its items by reference",
        command=partial(_command, dialect="responses"),
        only=(RESPONSES_ONLY, CLAUDE),
        sends=['"item_reference"'],
    ),
    *(
        turn
        for dialect in ("chat", "messages", "gemini")
        for turn in refused_turns(
            Turn(
                program=PROGRAM,
                dialect=dialect,
                told="tool loop, two retries",
                command=partial(_command, dialect=dialect, retries=RETRIES),
            )
        )
    ),
)
