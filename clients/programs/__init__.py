"""Every program that is driven, and every way in which it is; to add one, write its module and name it here."""

from collections.abc import Sequence

from clients.programs import (
    ai_sdk,
    aider,
    claude_code,
    codex,
    continue_cli,
    copilot,
    gemini_cli,
    langchain,
    litellm,
    llm,
    openai_agents,
    opencode,
    qwen_code,
)
from clients.turn import Turn

TURNS: Sequence[Turn] = (
    *claude_code.TURNS,
    *codex.TURNS,
    *gemini_cli.TURNS,
    *opencode.TURNS,
    *qwen_code.TURNS,
    *copilot.TURNS,
    *aider.TURNS,
    *continue_cli.TURNS,
    *llm.TURNS,
    *langchain.TURNS,
    *ai_sdk.TURNS,
    *litellm.TURNS,
    *openai_agents.TURNS,
)
