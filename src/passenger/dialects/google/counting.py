"""`models/{model}:countTokens`: counts the tokens of contents, or of a whole `generateContentRequest`.

https://ai.google.dev/api/tokens
"""

import msgspec

from passenger.chat.prompt import Prompt
from passenger.dialects import Request
from passenger.dialects.google.fields import read_body, read_model
from passenger.dialects.google.request_in import build_prompt
from passenger.jsontext.node import JsonNode


def read_prompt(request: Request) -> Prompt:
    """The prompt to count. Fails as `request_in.read_prompt` does."""
    body = JsonNode(read_body(request))
    return build_prompt(
        body.node_or_empty("generateContentRequest").fields or body.fields, read_model(request), stream=False
    )


def write_count(tokens: int) -> bytes:
    """The body of the answer."""
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return msgspec.json.encode({"totalTokens": tokens, "promptTokensDetails": details})
