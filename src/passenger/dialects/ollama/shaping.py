"""`format` and `think`: the shape of an answer, and how much goes before it."""

from passenger.chat import Prompt, Reasoning, Schema
from passenger.decoding import JSON, invalid
from passenger.reasoning import EFFORTS


def read_format(body: JSON) -> Schema | None:
    """The shape that the answer must have.

    Raises:
        Failure: it is neither `json` nor a JSON Schema.
    """
    match body.get("format"):
        case None | "":
            return None
        case "json":
            return Schema(None)
        case dict() as schema:
            return Schema(schema or None)
        case _:
            raise invalid('format must be "json" or a JSON Schema', "format")


def read_think(body: JSON) -> Reasoning | None:
    """How much to think; None where it is not said.

    Raises:
        Failure: it is no word that we know.
    """
    think = body.get("think")
    if think is None:
        return None
    if isinstance(think, bool):
        return Reasoning(show=True) if think else Reasoning(effort="none")
    if think not in EFFORTS:
        raise invalid(f"think must be true, false or one of {', '.join(EFFORTS)}", "think")
    return Reasoning(effort=think, show=None if think == "none" else True)


def shows_thoughts(prompt: Prompt) -> bool:
    """Whether thoughts go down: always but where they are not wanted, as Ollama does for models that think."""
    reasoning = prompt.reasoning
    return reasoning is None or not (reasoning.off or reasoning.show is False)
