"""Anthropic Messages, as clients and as Copilot speak it.

Facts: Anthropic's API reference ("Messages", "Streaming messages", "Errors") and, for what Copilot leaves out or adds,
`docs/dialects/messages.md`.
"""

from collections.abc import Mapping

from passenger.chat import Abilities, Prompt, Stamp
from passenger.dialects import Request
from passenger.dialects.messages import answer_in, answer_out
from passenger.dialects.messages.answer_out import write_answer
from passenger.dialects.messages.attribution import without_attribution
from passenger.dialects.messages.counting import COUNT_PATH, as_question, read_count, write_count
from passenger.dialects.messages.failures import write_break, write_failure
from passenger.dialects.messages.peek import peek
from passenger.dialects.messages.prompt_in import read_prompt
from passenger.dialects.messages.prompt_out import write_prompt
from passenger.dialects.messages.relaying import StreamRelay
from passenger.dialects.messages.usage import usage_of
from passenger.framing import SSE, Framing

__all__ = [
    "CARRIES_SEALS",
    "COUNT_PATH",
    "FAILS_IN_STREAM",
    "FIELDS",
    "NAME",
    "PATH",
    "StreamRelay",
    "as_question",
    "framing",
    "keep_alive",
    "peek",
    "read_count",
    "read_prompt",
    "reader",
    "usage_of",
    "without_attribution",
    "write_answer",
    "write_break",
    "write_count",
    "write_failure",
    "write_prompt",
    "writer",
]

NAME = "messages"
PATH = "/v1/messages"
CARRIES_SEALS = True
FAILS_IN_STREAM = frozenset[str]()
FIELDS: Mapping[str, str] = {
    "limit": "max_tokens",
    "stop": "stop_sequences",
    "reasoning": "thinking",
    "reasoning.effort": "output_config.effort",
    "reasoning.budget": "thinking.budget_tokens",
    "reasoning.show": "thinking.display",
    "seal": "signature",
    "thought": "thinking",
    "schema": "output_config.format",
    "parallel": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
}

_COMMENT = b": keep-alive\n\n"
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def framing(request: Request) -> Framing:
    """Server-sent events, with their names."""
    return SSE


def keep_alive(begun: bool) -> bytes:
    """A comment before `message_start`, for nothing may come before it; Anthropic's own `ping` after it."""
    return _PING if begun else _COMMENT


def writer(prompt: Prompt, stamp: Stamp) -> answer_out.Writer:
    """Writes a streamed answer."""
    return answer_out.Writer(prompt, stamp)


def reader(prompt: Prompt, able: Abilities) -> answer_in.Reader:
    """Reads the streamed answer to a prompt."""
    return answer_in.Reader(prompt, able)
