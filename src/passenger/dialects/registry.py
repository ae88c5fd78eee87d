"""Which dialects there are. A new one is a line here, its routes in `web.app`, and its samples in `tests/data`."""

from collections.abc import Mapping

from passenger.dialects import Inbound, Outbound, Several, completions, gemini, legacy, messages, responses
from passenger.dialects.ollama import chat as ollama_chat
from passenger.dialects.ollama import generate as ollama_generate

INBOUND: tuple[Inbound, ...] = (completions, legacy, responses, messages, gemini, ollama_chat, ollama_generate)
"""What clients may speak."""

SEVERAL: Mapping[str, Several] = {completions.NAME: completions, gemini.NAME: gemini}
"""Those whose clients may ask for several answers at once."""

OUTBOUND: tuple[Outbound, ...] = (responses, messages, completions)
"""What Copilot speaks, in the order of preference where a client's own dialect is not among a model's."""
