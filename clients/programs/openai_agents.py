"""The OpenAI Agents SDK: a tool loop that leaves its history with the server."""

from dataclasses import replace
from functools import partial

from clients.refusals import refused_turns
from clients.turn import Command, Program, Setting, Turn, call, script

PROGRAM = Program(
    name="openai-agents",
    title="OpenAI Agents SDK",
    registry="pip",
    packages=("openai-agents==0.24.0",),
    command="python",
)


RETRIES = "2"
"""What OpenAI's client does by itself. A turn that is to pass without a refusal makes none."""


def _command(setting: Setting, retries: str = "0") -> Command:
    turn = setting.work / "turn.py"
    return Command(
        arguments=[str(turn)],
        env={
            "URL": setting.url,
            "KEY": setting.key,
            "MODEL": setting.model,
            "PROMPT": call("read_note"),
            "RETRIES": retries,
        },
        files={turn: script("openai_agents_turn.py")},
    )


KEPT = Turn(
    program=PROGRAM,
    dialect="responses",
    told="tool loop by `previous_response_id`, a session of conversations, `conversation_id`",
    command=_command,
    sends=['"previous_response_id":"resp_', '"conversation":'],
)
TURNS = (
    KEPT,
    *refused_turns(replace(KEPT, told="tool loop, two retries", command=partial(_command, retries=RETRIES))),
)
