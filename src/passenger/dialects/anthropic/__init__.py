"""Anthropic Messages, as clients and as Copilot speak it.

https://platform.claude.com/docs/en/api/messages and, for what Copilot leaves out or adds, `docs/dialects/messages.md`.
"""

from passenger.dialects import COMMENT, ClientFamily, Dialect, Inbound, Outbound, Routes
from passenger.dialects.anthropic.answer_out import Writer, write_answer
from passenger.dialects.anthropic.attribution import leave_out_attribution, without_attribution
from passenger.dialects.anthropic.errors import write_break, write_failure
from passenger.dialects.anthropic.peek import peek
from passenger.dialects.anthropic.relay import StreamRelay, complete, prepare
from passenger.dialects.anthropic.request_in import read_prompt
from passenger.dialects.anthropic.request_out import write_prompt
from passenger.dialects.anthropic.stream_in import Reader
from passenger.dialects.thinking import MESSAGES_EFFORT

NAME = "messages"
PATH = "/v1/messages"

_FIELDS = {
    "limit": "max_tokens",
    "stop": "stop_sequences",
    "reasoning": "thinking",
    "reasoning.effort": "output_config.effort",
    "reasoning.budget": "thinking.budget_tokens",
    "reasoning.show": "thinking.display",
    "messages.reasoning": "thinking",
    "schema": "output_config.format",
    "parallel": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
}

_PING = b'event: ping\ndata: {"type": "ping"}\n\n'

INBOUND = Inbound(
    name=NAME,
    peek=peek,
    read_prompt=read_prompt,
    writer=Writer,
    write_answer=write_answer,
    write_failure=write_failure,
    write_break=write_break,
    keep_alive=(COMMENT, _PING),  # `message_start` must be the first event
    fields=_FIELDS,
    round_trips_reasoning=True,
    counts_prompts=True,
    strip_attribution=without_attribution,
    # Those of code are in Copilot's own field, those of pages on the text that cites them.
    cites=lambda part, citation: part == "text" or citation.license is not None,
    clients=ClientFamily(vendor="Anthropic", path_parts=("/messages",), headers=frozenset({b"anthropic-version"})),
    routes=Routes(
        posts={"/messages": "chat", "/messages/count_tokens": "count"},
        gets={"/models": "models", "/models/{model:path}": "model"},
    ),
)
OUTBOUND = Outbound(
    name=NAME,
    path=PATH,
    write_prompt=write_prompt,
    reader=Reader,
    effort=MESSAGES_EFFORT,
    prepare=prepare,
    relay=lambda _ask, _identity: StreamRelay(),
    complete=complete,
    strip_attribution=leave_out_attribution,
)
DIALECT = Dialect(INBOUND, OUTBOUND)
