"""What serves the operations of dialects that are no chat."""

from collections.abc import Mapping

from passenger.dialects import RouteOperation, TokenCount
from passenger.dialects.embeddings import EmbeddingsDialect
from passenger.gateway import Gateway
from passenger.server.api import conversations, ollama
from passenger.server.api.non_chat import (
    MakeHandler,
    compact_for_openai,
    count_by_translation,
    count_for_anthropic,
    count_for_responses,
    embed,
)
from passenger.server.request_path import Handler

NAMED: Mapping[str, MakeHandler] = {
    "compact": compact_for_openai,
    "count": count_for_anthropic,
    "show": ollama.show,
    "pull": ollama.pull,
    "input_tokens": count_for_responses,
    "create_conversation": conversations.create,
    "update_conversation": conversations.update,
    "add_items": conversations.add_items,
}
"""What one vendor alone has, by the name in its `Routes`."""


REFERRING = frozenset({"compact", "input_tokens"})
"""Operations whose requests may refer to what is kept, as those for a response do."""


def make_handler(gateway: Gateway, operation: RouteOperation) -> Handler:
    """What serves an operation."""
    match operation:
        case EmbeddingsDialect():
            return embed(gateway, operation)
        case TokenCount():
            return count_by_translation(gateway, operation)
        case name:
            return NAMED[name](gateway)
