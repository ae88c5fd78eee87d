"""What a vendor's wire is asked to write, and the pieces all of them share."""

from dataclasses import dataclass
from typing import Any

from passenger.simulator.answers import Answer, Choice
from passenger.simulator.billing import copilot_usage, counts_of
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
        """The cost in nano AI credits; an included model costs nothing."""
        return copilot_usage(self.model, counts_of(self.answer, self.model))


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
