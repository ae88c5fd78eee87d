"""The OpenAI Agents SDK: a tool loop that leaves its history with the server."""

from clients.turn import KEY, Command, Program, Setting, Turn, call, script

PROGRAM = Program(
    name="openai-agents",
    title="OpenAI Agents SDK",
    registry="pip",
    packages=("openai-agents==0.24.0",),
    command="python",
)


def _command(setting: Setting) -> Command:
    turn = setting.work / "turn.py"
    return Command(
        arguments=[str(turn)],
        env={"URL": setting.url, "KEY": KEY, "MODEL": setting.model, "PROMPT": call("read_note")},
        files={turn: script("openai_agents_turn.py")},
    )


TURNS = (
    Turn(
        program=PROGRAM,
        dialect="responses",
        told="tool loop by `previous_response_id`, a session of conversations, `conversation_id`",
        command=_command,
        sends=['"previous_response_id":"resp_', '"conversation":'],
    ),
)
