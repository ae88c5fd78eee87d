"""What a vendor's wire is asked to write, and the pieces all of them share."""

from dataclasses import dataclass
from typing import Any

from passenger.simulator.answers import Answer
from passenger.simulator.catalogue import Model

BATCH = 1_000_000
NANO = 1_000_000_000  # nano AI credits in one
KINDS = {"input": "input_price", "cache_read": "cache_price", "output": "output_price"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer to write; `created` is in Unix seconds."""

    answer: Answer
    model: Model
    created: int
    include_usage: bool = False

    @property
    def completion_tokens(self) -> int:
        """What was said; Azure and Claude count the thinking in it, Gemini does not."""
        thinking = 0 if self.model.vendor == "gemini" else self.answer.reasoning_tokens
        return self.answer.completion_tokens + thinking

    @property
    def copilot_usage(self) -> dict[str, Any]:
        """The cost in nano AI credits (upstream.md 9.2); an included model costs nothing."""
        prices = self.model.prices
        if prices is None:
            return {"token_details": [], "total_nano_aiu": 0}
        output = self.answer.completion_tokens + self.answer.reasoning_tokens
        counts = {"input": self.answer.prompt_tokens, "cache_read": 0, "output": output}
        details = [_detail(kind, count, prices[KINDS[kind]]) for kind, count in counts.items()]
        total = sum(row["token_count"] * row["cost_per_batch"] // BATCH for row in details)
        return {"token_details": details, "total_nano_aiu": total}


def _detail(kind: str, count: int, price: float) -> dict[str, Any]:
    return {"batch_size": BATCH, "cost_per_batch": int(price * NANO), "token_count": count, "token_type": kind}


def fragments(arguments: str) -> list[str]:
    """A call's arguments in the pieces they are streamed in, 1 to 20 characters each."""
    pieces, at, width = [], 0, 3
    while at < len(arguments):
        pieces.append(arguments[at : at + width])
        at, width = at + width, width % 17 + 4
    return pieces
