"""Which dialects there are. A new one is a line here, its routes in `web.app`, and its samples in `tests/data`."""

from passenger.dialects import Inbound, Outbound, completions, gemini, legacy, messages, responses
from passenger.dialects.ollama import chat as ollama_chat
from passenger.dialects.ollama import generate as ollama_generate

INBOUND: tuple[Inbound, ...] = (completions, legacy, responses, messages, gemini, ollama_chat, ollama_generate)
"""What clients may speak."""

OUTBOUND: tuple[Outbound, ...] = (responses, messages, completions)
"""What Copilot speaks, in the order of preference where a client's own dialect is not among a model's."""
