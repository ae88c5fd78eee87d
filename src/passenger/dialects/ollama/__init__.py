"""Ollama's `/api/chat` and `/api/generate`, as clients speak them: each is a dialect of its own.

https://docs.ollama.com/api, the Go types of https://github.com/ollama/ollama/blob/main/api/types.go, and what Ollama's
own and other clients were seen to send and check (`docs/dialects/ollama.md`).
"""

from collections.abc import Callable, Mapping
from functools import partial

from passenger.chat.prompt import Ask, Prompt
from passenger.dialects import ClientFamily, Dialect, Inbound, Load, Request, Routes
from passenger.dialects.framing import NDJSON
from passenger.dialects.ollama.answer_out import PutWords, Writer, in_message, in_response, write_answer, write_load
from passenger.dialects.ollama.embeddings import EMBED, EMBEDDINGS
from passenger.dialects.ollama.errors import write_break, write_failure
from passenger.dialects.ollama.peek import is_chat_load, is_generate_load, peek_chat, peek_generate, read_model
from passenger.dialects.ollama.request_in import read_chat, read_generate

_FIELDS: Mapping[str, str] = {
    "limit": "options.num_predict",
    "temperature": "options.temperature",
    "top_p": "options.top_p",
    "top_k": "options.top_k",
    "seed": "options.seed",
    "stop": "options.stop",
    "presence_penalty": "options.presence_penalty",
    "frequency_penalty": "options.frequency_penalty",
    "schema": "format",
    "reasoning": "think",
    "reasoning.effort": "think",
    "messages.reasoning": "messages.thinking",
    "document": "messages",
}


_PREFIXES = ("/api", "/v1/api")
"""Ollama's own, and where passenger-rs had its routes."""

_CLIENTS = ClientFamily(vendor="Ollama", path_prefixes=("/api/", "/v1/api/"))


def _dialect(
    name: str,
    *,
    peek: Callable[[Request], Ask],
    read_prompt: Callable[[Request], Prompt],
    is_load: Callable[[Request], bool],
    place: PutWords,
    fields: Mapping[str, str],
    routes: Routes,
) -> Dialect:
    """One of the two dialects. `place` puts the text into a line of its answer."""
    return Dialect(
        Inbound(
            name=name,
            peek=peek,
            read_prompt=read_prompt,
            writer=partial(Writer, place=place),
            write_answer=partial(write_answer, place=place),
            write_failure=write_failure,
            write_break=write_break,
            framing=lambda _: NDJSON,
            keep_alive=(b"", b""),  # clients parse every line as JSON
            fields=fields,
            usage_path=(),
            round_trips_reasoning=False,  # `thinking` has no place for a signature, and `generate` no tools
            load=Load(is_load=is_load, model=read_model, write=partial(write_load, place=place)),
            clients=_CLIENTS,
            routes=routes,
        )
    )


CHAT = _dialect(
    "ollama",
    peek=peek_chat,
    read_prompt=read_chat,
    is_load=is_chat_load,
    place=in_message,
    fields=_FIELDS,
    routes=Routes(
        prefixes=_PREFIXES,
        posts={"/chat": "chat", "/embed": EMBED, "/embeddings": EMBEDDINGS, "/show": "show", "/pull": "pull"},
        gets={"/tags": "tags", "/ps": "running", "/version": "version"},
    ),
)
GENERATE = _dialect(
    "ollama_generate",
    peek=peek_generate,
    read_prompt=read_generate,
    is_load=is_generate_load,
    place=in_response,
    fields={**_FIELDS, "messages": "prompt", "document": "prompt"},
    routes=Routes(prefixes=_PREFIXES, posts={"/generate": "chat"}),
)
