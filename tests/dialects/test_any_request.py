"""Laws of the way up: any request, in each dialect of the clients, to each of Copilot's APIs."""

import pytest
from fuzz.requests import TELLERS, Told, requests
from fuzz.requests.law import must_arrive
from fuzz.requests.sending import SPEAKS
from hypothesis import given
from hypothesis import strategies as st

from passenger.dialects.registry import OUTBOUND

PATHS = {outbound.name: outbound.path for outbound in OUTBOUND}


def models(api: str) -> list[str]:
    return [model for model, paths in SPEAKS.items() if PATHS[api] in paths]


@pytest.mark.proves("F43")
@pytest.mark.parametrize("api", sorted(PATHS))
@pytest.mark.parametrize("dialect", sorted(TELLERS))
def test_a_request_is_refused_or_taken_by_copilot_and_nothing_is_lost_unnamed(dialect: str, api: str) -> None:
    @given(requests(dialect), st.sampled_from(models(api)))
    def law(told: Told, model: str) -> None:
        must_arrive(told, model)

    law()
