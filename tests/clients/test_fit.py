"""The limits that clients are told."""

from passenger.clients.fit import OUTPUT, PROMPT, is_claude, output_limit, prompt_limit
from passenger.control.cards import ModelCard
from tests.clients.sites import GPT, OPUS

BARE = ModelCard(id="x", name="X", vendor="V", family="x")


def test_the_prompt_is_what_counts_not_the_context() -> None:
    assert prompt_limit(OPUS) == 168_000
    assert prompt_limit(ModelCard(id="x", name="X", vendor="V", family="x", context=64_000)) == 64_000
    assert (prompt_limit(BARE), output_limit(BARE)) == (PROMPT, OUTPUT)
    assert output_limit(OPUS) == 32_000


def test_which_models_are_claudes() -> None:
    assert is_claude(OPUS)
    assert not is_claude(GPT)
