"""Any answer, told wrongly; the bytes are the choices by which hypothesis draws it and what is wrong with it."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fuzz.answers.law import DIALECTS, Told, is_relayed, must_end_once, mutated

APIS = ("completions", "messages")


def one(data: bytes) -> None:
    """Draw an answer and let a client hear it."""
    _law.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]  # hypothesis puts it there


@settings(database=None, deadline=None)
@given(st.sampled_from(APIS).flatmap(mutated), st.sampled_from(DIALECTS))
def _law(told: Told, dialect: str) -> None:
    assume(not is_relayed(told, dialect))
    must_end_once(told, dialect)
