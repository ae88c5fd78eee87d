"""Any answer, told wrongly; the bytes are the choices by which hypothesis draws it and what is wrong with it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.answers.law import DIALECTS, TELLERS, Told, must_end_once, mutated


def one(data: bytes) -> None:
    """Draw an answer and let a client hear it."""
    _law.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]  # hypothesis puts it there


@settings(database=None, deadline=None)
@given(st.sampled_from(sorted(TELLERS)).flatmap(mutated), st.sampled_from(DIALECTS))
def _law(told: Told, dialect: str) -> None:
    must_end_once(told, dialect)
