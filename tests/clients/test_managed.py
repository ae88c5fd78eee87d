"""Arguments that a launch sets by itself."""

import pytest

from passenger.clients.codex import CODEX
from passenger.clients.managed import refused


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], None),
        (["exec", "use --model well"], None),
        (["--", "--model"], None),
        (["-c", "model_reasoning_effort=high"], None),
        (["--modeled"], None),
        (["-m", "x"], "-m"),
        (["-mgpt"], "-m"),
        (["exec", "--model=x"], "--model"),
        (["--oss"], "--oss"),
        (["-c", 'model="x"'], "-c model"),
        (["-c", "model_provider=x"], "-c model_provider"),
        (["--config", "model_providers.passenger.base_url=x"], "-c model_providers.passenger"),
        (["--config=openai_base_url=x"], "-c openai_base_url"),
        (["-cmodel=x"], "-c model"),
        (["-c"], None),
    ],
)
def test_it_is_found_however_it_is_spelled(arguments: list[str], expected: str | None) -> None:
    assert refused(CODEX.managed, arguments) == expected
