"""LiteLLM: the library that many programs speak through; both of its ways to Ollama, which send no media type."""

from functools import partial

from clients.turn import CLAUDE, COMPLETIONS_ONLY, Command, Program, Setting, Turn, call, script

PROGRAM = Program(
    name="litellm", title="LiteLLM", registry="pip", packages=("litellm==1.106.2", "mcp==2.3.0"), command="python"
)


def _command(setting: Setting, provider: str) -> Command:
    turn = setting.home / "turn.py"
    return Command(
        arguments=[str(turn)],
        env={
            "URL": setting.url,
            "MODEL": setting.model,
            "PROVIDER": provider,
            "PROMPT": call("read_note"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
        files={turn: script("litellm_turn.py")},
    )


TURNS = tuple(
    Turn(
        program=PROGRAM,
        dialect="ollama",
        told=f"`{provider}/MODEL`, {told}",
        command=partial(_command, provider=provider),
        only=[COMPLETIONS_ONLY, CLAUDE],
    )
    for provider, told in (("ollama_chat", "a function as tool, then streamed"), ("ollama", "whole, then streamed"))
)
