"""What a vendor's wire is asked to write, and the pieces all of them share."""

from dataclasses import dataclass
from typing import Any

from passenger.simulator.answers import Answer, Choice
from passenger.simulator.billing import copilot_usage
from passenger.simulator.catalogue import Model


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer to write; `created` is in Unix seconds."""

    answer: Answer
    model: Model
    created: int
    include_usage: bool = False

    @property
    def completion_tokens(self) -> int:
        """What was said; Azure and Claude count the thinking in it, Gemini and xAI do not."""
        thinking = 0 if self.model.thinks_beside else self.answer.reasoning_tokens
        return self.answer.completion_tokens + thinking

    @property
    def copilot_usage(self) -> dict[str, Any]:
        """The cost in nano AI credits (upstream.md 9.2); an included model costs nothing."""
        cached = self.answer.cached
        output = self.answer.completion_tokens + self.answer.reasoning_tokens
        written = cached.written if self.model.vendor == "claude" else 0  # nobody else charges for it
        fresh = self.answer.prompt_tokens - cached.read - written
        counts = {"input": fresh, "cache_read": cached.read, "cache_write": written, "output": output}
        return copilot_usage(self.model, counts)


def finish(choice: Choice) -> str:
    """The `finish_reason` of a choice; a refusal looks like a filtered answer."""
    return "content_filter" if choice.finish in {"refusal", "filter"} else choice.finish


def fragments(arguments: str) -> list[str]:
    """A call's arguments in the pieces they are streamed in, 1 to 20 characters each."""
    pieces, at, width = [], 0, 3
    while at < len(arguments):
        pieces.append(arguments[at : at + width])
        at, width = at + width, width % 17 + 4
    return pieces
