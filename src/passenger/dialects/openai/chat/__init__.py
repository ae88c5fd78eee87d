"""OpenAI's Chat Completions, as clients and as Copilot speak it.

https://platform.openai.com/docs/api-reference/chat; what Copilot leaves out and adds is in
`docs/dialects/completions.md`.
"""

from passenger.dialects import Choices, Dialect, Inbound, Outbound, Routes
from passenger.dialects.openai import CLIENTS
from passenger.dialects.openai.chat.answer_out import ChoicesWriter, Writer, write_answer, write_choices
from passenger.dialects.openai.chat.kept_signatures import KEPT_SIGNATURES
from passenger.dialects.openai.chat.peek import peek
from passenger.dialects.openai.chat.quirks import EFFORT, prepare, relay
from passenger.dialects.openai.chat.request_in import read_prompt
from passenger.dialects.openai.chat.request_out import write_prompt
from passenger.dialects.openai.chat.stream_in import Reader
from passenger.dialects.openai.chat.whole_answer import complete
from passenger.dialects.openai.embeddings import EMBEDDINGS
from passenger.dialects.openai.errors import write_break, write_failure

NAME = "completions"
PATH = "/chat/completions"

_FIELDS = {
    "limit": "max_completion_tokens",
    "reasoning": "reasoning_effort",
    "reasoning.effort": "reasoning_effort",
    "reasoning.budget": "thinking_budget",
    "reasoning.show": "reasoning.summary",
    "signature": "messages.reasoning_opaque",
    "messages.reasoning": "messages.reasoning_text",
    "schema": "response_format",
    "parallel": "parallel_tool_calls",
    "cache_key": "prompt_cache_key",
    "choices": "n",
    "document": "messages",
}

INBOUND = Inbound(
    name=NAME,
    peek=peek,
    read_prompt=read_prompt,
    writer=Writer,
    write_answer=write_answer,
    write_failure=write_failure,
    write_break=write_break,
    fields=_FIELDS,
    round_trips_reasoning=False,  # few clients send `reasoning_opaque` back, so it is kept here
    cites=lambda _part, _citation: True,
    choices=Choices(writer=ChoicesWriter, write=write_choices),
    clients=CLIENTS,
    routes=Routes(
        posts={"/chat/completions": "chat", "/embeddings": EMBEDDINGS},
        gets={"/models": "models", "/models/{model:path}": "model"},
    ),
)
OUTBOUND = Outbound(
    name=NAME,
    path=PATH,
    write_prompt=write_prompt,
    reader=Reader,
    effort=EFFORT,
    prepare=prepare,
    relay=relay,
    complete=complete,
    kept_signatures=KEPT_SIGNATURES,
)
DIALECT = Dialect(INBOUND, OUTBOUND)
