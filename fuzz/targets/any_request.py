"""Any request of any client to any model; the bytes are the choices by which hypothesis draws it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.requests import TELLERS, Told, requests
from fuzz.requests.law import must_arrive
from fuzz.requests.sending import SPEAKS


def one(data: bytes) -> None:
    """Draw a request and send it."""
    _law.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]  # hypothesis puts it there


@settings(database=None, deadline=None)
@given(st.sampled_from(sorted(TELLERS)).flatmap(requests), st.sampled_from(sorted(SPEAKS)))
def _law(told: Told, model: str) -> None:
    must_arrive(told, model)
