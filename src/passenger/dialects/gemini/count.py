"""`countTokens`: a prompt to be counted and not answered.

Facts: Google's API reference ("models.countTokens"): the contents alone, or a whole request within the request.
"""

import msgspec

from passenger.chat import Prompt
from passenger.decoding import optional
from passenger.dialects import Request
from passenger.dialects.gemini.naming import body_of, model_of
from passenger.dialects.gemini.prompt_in import prompt_of


def read_prompt(request: Request) -> Prompt:
    """The prompt that is to be counted; a Failure as for one to be answered."""
    body = body_of(request)
    return prompt_of(optional(body, "generateContentRequest", dict) or body, model_of(request), stream=False)


def write_count(tokens: int) -> bytes:
    """The answer."""
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return msgspec.json.encode({"totalTokens": tokens, "promptTokensDetails": details})
