"""Requests that nobody wrote: a plan of a conversation, told in each dialect of the clients in one of its many ways.

Hypothesis draws them, for the laws in `tests/dialects/test_any_request.py` and for the target `requests`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fuzz.requests import completions, gemini, messages, ollama, responses
from fuzz.requests.plan import Draw, Plan, plans

JSON = dict[str, Any]

TELLERS: dict[str, Callable[[Draw, Plan], JSON]] = {
    "completions": completions.tell,
    "responses": responses.tell,
    "messages": messages.tell,
    "gemini": gemini.tell,
    "ollama": ollama.tell,
}
"""What makes a body of a plan, by the name of the client's dialect."""


@dataclass(frozen=True, slots=True)
class Told:
    """A plan and the body that says it in a dialect."""

    dialect: str
    plan: Plan
    body: JSON


@st.composite
def requests(draw: Draw, dialect: str) -> Told:
    """Requests in that dialect, all of them well-formed; the model is left to whoever sends them."""
    plan = draw(plans())
    body = TELLERS[dialect](draw, plan)
    body |= {name: f"value of {name}" for name in plan.unknown}
    return Told(dialect, plan, body)
