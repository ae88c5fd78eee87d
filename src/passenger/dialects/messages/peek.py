"""The facts of a Messages request that routing, headers and relaying need; it hides who speaks in the last turn."""

from msgspec import UNSET

from passenger.chat import Ask, Initiator
from passenger.decoding import invalid
from passenger.dialects import Request
from passenger.dialects.messages.look import SYSTEM, Message, look_at, words
from passenger.errors import Failure, Kind
from passenger.reminders import only_reminders

_NULL = b"null"
_THINKS = frozenset({"enabled", "adaptive"})

THREADS = "thread_unsupported_request"
"""The error code that makes Anthropic's SDKs send the whole history instead (clients seen 2026-11)."""


def peek(request: Request) -> Ask:
    """The facts of a request.

    Raises:
        Failure: the body is not JSON, a field that must be known is missing or of the wrong type, or it is a thread.
    """
    look = look_at(request.body)
    asked = look.asked
    if not asked.model:
        raise invalid("model must not be empty", "model")
    if not asked.messages:
        raise invalid("messages must not be empty", "messages")
    if asked.thread is not UNSET and bytes(asked.thread) != _NULL:
        raise Failure(Kind.INVALID, "message threads are not supported", code=THREADS, param="thread")
    return Ask(
        model=asked.model,
        stream=bool(asked.stream),
        initiator=_initiator(asked.messages),
        vision=look.vision,
        tools=bool(asked.tools),
        thinks=asked.thinking is not None and asked.thinking.type in _THINKS,
        betas=_betas(request),
        shows=look.shows,
    )


def _betas(request: Request) -> tuple[str, ...]:
    names = request.headers.get("anthropic-beta", "").split(",")
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


# --- who asks ----------------------------------------------------------------------------------------------------


def _initiator(messages: list[Message]) -> Initiator:
    """A person only where the last turn has one's own words, which tool results and reminders are not.

    What the system says in between is nobody's, and reminders right after tool results are an agent's.
    """
    turns = [message for message in messages if message.role not in SYSTEM]
    if not turns or turns[-1].role != "user":
        return Initiator.AGENT
    spoken = next((turn for turn in reversed(turns) if not _only_reminders(turn)), None)
    if spoken is not None and spoken.role == "user" and not _has_words(spoken):
        return Initiator.AGENT
    return Initiator.USER


def _only_reminders(message: Message) -> bool:
    if message.role != "user":
        return False
    match message.content:
        case str() as text:
            return only_reminders(text)
        case [*blocks] if blocks:
            return all(only_reminders(words(block.text)) for block in blocks)
        case _:
            return False


def _has_words(message: Message) -> bool:
    if not isinstance(message.content, list):
        return True
    return any(block.type != "tool_result" and not only_reminders(words(block.text)) for block in message.content)
