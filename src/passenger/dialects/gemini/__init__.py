"""Google's Gemini API as clients speak it; Copilot does not speak it.

Facts: Google's API reference ("models.generateContent", "models.streamGenerateContent"), what google-genai and Gemini
CLI send and check, and what other clients were seen to do (`docs/dialects/gemini.md`).
"""

from collections.abc import Mapping

from passenger.chat import Prompt, Stamp
from passenger.dialects import Request
from passenger.dialects.gemini import answer_out
from passenger.dialects.gemini.answer_out import write_answer, write_choices
from passenger.dialects.gemini.config_in import CONFIG
from passenger.dialects.gemini.failures import write_break, write_failure
from passenger.dialects.gemini.peeking import peek
from passenger.dialects.gemini.prompt_in import read_prompt
from passenger.framing import JSON_ARRAY, SSE, Framing

__all__ = [
    "CARRIES_SEALS",
    "FAILS_IN_STREAM",
    "FIELDS",
    "NAME",
    "choices_writer",
    "framing",
    "keep_alive",
    "peek",
    "read_prompt",
    "write_answer",
    "write_break",
    "write_choices",
    "write_failure",
    "writer",
]

NAME = "gemini"
CARRIES_SEALS = True
FAILS_IN_STREAM = frozenset[str]()
FIELDS: Mapping[str, str] = {
    "limit": f"{CONFIG}.maxOutputTokens",
    "temperature": f"{CONFIG}.temperature",
    "top_p": f"{CONFIG}.topP",
    "top_k": f"{CONFIG}.topK",
    "stop": f"{CONFIG}.stopSequences",
    "seed": f"{CONFIG}.seed",
    "presence_penalty": f"{CONFIG}.presencePenalty",
    "frequency_penalty": f"{CONFIG}.frequencyPenalty",
    "schema": f"{CONFIG}.responseSchema",
    "reasoning": f"{CONFIG}.thinkingConfig",
    "choices": f"{CONFIG}.candidateCount",
    "reasoning.effort": f"{CONFIG}.thinkingConfig.thinkingLevel",
    "reasoning.budget": f"{CONFIG}.thinkingConfig.thinkingBudget",
    "reasoning.show": f"{CONFIG}.thinkingConfig.includeThoughts",
    "seal": "thoughtSignature",
    "tool_choice": "toolConfig",
    "messages": "contents",
    "document": "contents",
}


def framing(request: Request) -> Framing:
    """Server-sent events with `alt=sse`, else the elements of one JSON array."""
    return SSE if request.query.get("alt", "").lower() == "sse" else JSON_ARRAY


def keep_alive(begun: bool) -> bytes:
    """Nothing: Google's streams know no sign of life."""
    return b""


def writer(prompt: Prompt, stamp: Stamp) -> answer_out.Writer:
    """Writes a streamed answer."""
    return answer_out.Writer(prompt, stamp)


def choices_writer(prompt: Prompt, stamp: Stamp) -> answer_out.ChoicesWriter:
    """Writes several streamed answers."""
    return answer_out.ChoicesWriter(prompt, stamp)
