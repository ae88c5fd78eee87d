import pytest

from passenger.chat import Ask, Initiator
from passenger.copilot.models import Catalog, Model, read_models
from passenger.gateway.choices import must_fan_out


def model(vendor: str) -> Model:
    entry = f'{{"data": [{{"id": "m", "vendor": "{vendor}", "supported_endpoints": ["/chat/completions"]}}]}}'
    return Catalog(read_models(entry.encode())).models["m"]


@pytest.mark.parametrize(
    ("vendor", "choices", "fanned"),
    [
        ("Azure OpenAI", 3, False),
        ("OpenAI", 0, False),
        ("Anthropic", 3, True),
        ("Google", 2, True),
        ("Google", 0, True),
        ("xAI", 3, False),
    ],
)
def test_claude_and_gemini_give_one_answer_whatever_is_asked(vendor: str, choices: int, fanned: bool) -> None:
    assert must_fan_out(Ask("m", stream=False, initiator=Initiator.USER, choices=choices), model(vendor)) is fanned
    assert not must_fan_out(Ask("m", stream=False, initiator=Initiator.USER), model(vendor))


def test_what_nothing_is_known_of_is_believed() -> None:
    assert not must_fan_out(Ask("m", stream=False, initiator=Initiator.USER, choices=3), None)
