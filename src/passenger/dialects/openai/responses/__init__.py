"""OpenAI Responses, as clients and as Copilot speak it.

https://platform.openai.com/docs/api-reference/responses; what Copilot leaves out or adds is in
`docs/dialects/responses.md`.
"""

from passenger.dialects import Dialect, Inbound, Outbound, Routes
from passenger.dialects.openai import CLIENTS
from passenger.dialects.openai.responses.answer_out import write_answer, writer
from passenger.dialects.openai.responses.compaction import compacts_itself
from passenger.dialects.openai.responses.errors import write_break, write_failure
from passenger.dialects.openai.responses.peek import peek
from passenger.dialects.openai.responses.quirks import EFFORT, complete, prepare, relay
from passenger.dialects.openai.responses.request_in import read_prompt
from passenger.dialects.openai.responses.request_out import write_prompt
from passenger.dialects.openai.responses.stream_in import Reader

NAME = "responses"
PATH = "/responses"

_FIELDS = {
    "messages": "input",
    "limit": "max_output_tokens",
    "schema": "text.format",
    "verbosity": "text.verbosity",
    "cache_key": "prompt_cache_key",
    "reasoning.show": "reasoning.summary",
    "signature": "encrypted_content",
    "messages.reasoning": "reasoning",
    "parallel": "parallel_tool_calls",
}

INBOUND = Inbound(
    name=NAME,
    peek=peek,
    read_prompt=read_prompt,
    writer=writer,
    write_answer=write_answer,
    write_failure=write_failure,
    write_break=write_break,
    fields=_FIELDS,
    usage_path=("response", "usage"),
    round_trips_reasoning=True,
    compacts_itself=compacts_itself,
    # Codex compacts a conversation only for a `response.failed` of this code, not for a 400 (2026-11).
    fails_in_stream=frozenset({"context_length_exceeded"}),
    cites=lambda part, _: part == "text",
    clients=CLIENTS,
    routes=Routes(
        posts={
            "/responses": "chat",
            "/responses/compact": "compact",
            "/responses/input_tokens": "input_tokens",
            "/conversations": "create_conversation",
        },
        templates={
            "/conversations/{conversation_id}": "update_conversation",
            "/conversations/{conversation_id}/items": "add_items",
        },
        gets={
            "/responses/{response_id}": "response",
            "/responses/{response_id}/input_items": "input_items",
            "/conversations/{conversation_id}": "conversation",
            "/conversations/{conversation_id}/items": "conversation_items",
            "/conversations/{conversation_id}/items/{item_id}": "conversation_item",
        },
        deletes={
            "/responses/{response_id}": "delete_response",
            "/conversations/{conversation_id}": "delete_conversation",
            "/conversations/{conversation_id}/items/{item_id}": "delete_item",
        },
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
    searches=True,
    cache_key="prompt_cache_key",
)
DIALECT = Dialect(INBOUND, OUTBOUND)
