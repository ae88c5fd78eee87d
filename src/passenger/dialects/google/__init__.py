"""Google's Gemini API, as clients speak it; Copilot does not.

https://ai.google.dev/api/generate-content, and what google-genai, Gemini CLI and other clients were seen to send and
check (`docs/dialects/gemini.md`).
"""

from passenger.dialects import Choices, ClientFamily, Dialect, Inbound, Request, Routes, TokenCount
from passenger.dialects.framing import JSON_ARRAY, SSE, Framing
from passenger.dialects.google import counting
from passenger.dialects.google.answer_out import ChoicesWriter, Writer, write_answer, write_choices
from passenger.dialects.google.embeddings import BATCH_EMBED_CONTENTS, EMBED_CONTENT
from passenger.dialects.google.errors import write_break, write_failure
from passenger.dialects.google.peek import peek
from passenger.dialects.google.request_in import CONFIG, read_prompt

NAME = "gemini"

_FIELDS = {
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
    "signature": "thoughtSignature",
    "messages.reasoning": "thought",
    "tool_choice": "toolConfig",
    "messages": "contents",
    "document": "contents",
}


def _framing(request: Request) -> Framing:
    """Server-sent events with `alt=sse`, else the elements of one JSON array."""
    return SSE if request.query.get("alt", "").lower() == "sse" else JSON_ARRAY


INBOUND = Inbound(
    name=NAME,
    peek=peek,
    read_prompt=read_prompt,
    writer=Writer,
    write_answer=write_answer,
    write_failure=write_failure,
    write_break=write_break,
    framing=_framing,
    keep_alive=(b"", b""),  # Google's streams have none
    fields=_FIELDS,
    usage_path=("usageMetadata",),
    round_trips_reasoning=True,
    counts_prompts=True,
    cites=lambda _part, _citation: True,
    choices=Choices(writer=ChoicesWriter, write=write_choices),
    clients=ClientFamily(
        vendor="Gemini",
        path_prefixes=("/v1beta",),
        post_parts=(":",),
        headers=frozenset({b"x-goog-api-key"}),
        query_parts=(b"key=",),
    ),
    routes=Routes(
        prefixes=("/v1beta", "/v1", ""),  # Google's newer SDKs ask below `/v1`
        gets={"/models": "models", "/models/{model:path}": "model"},
        actions={
            "generateContent": "chat",
            "streamGenerateContent": "chat",
            "countTokens": TokenCount(read_prompt=counting.read_prompt, write=counting.write_count),
            "embedContent": EMBED_CONTENT,
            "batchEmbedContents": BATCH_EMBED_CONTENTS,
        },
    ),
)
DIALECT = Dialect(INBOUND)
