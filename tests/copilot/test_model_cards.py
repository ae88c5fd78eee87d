"""What can be chosen by, read from Copilot's entries."""

import pytest

from passenger.copilot.catalog import Catalog, models_in
from passenger.copilot.model_cards import Prices, card_of, cards_of

ENTRY = {
    "id": "m-1",
    "name": "M One",
    "vendor": "V",
    "capabilities": {
        "type": "chat",
        "family": "m",
        "limits": {"max_context_window_tokens": 10, "max_prompt_tokens": 8, "max_output_tokens": 2},
        "supports": {"tool_calls": True, "vision": True, "reasoning_effort": ["low"]},
    },
    "supported_endpoints": ["/chat/completions", "/responses", "ws:/responses"],
    "model_picker_category": "powerful",
    "policy": {"state": "unconfigured"},
    "billing": {
        "multiplier": 0.33,
        "token_prices": {"batch_size": 1000, "default": {"input_price": 1, "cache_price": 0.5, "output_price": 3}},
    },
}


def test_a_card_has_what_copilot_tells() -> None:
    (model,) = models_in([ENTRY])
    card = card_of(model, ["fast"])
    assert (card.id, card.name, card.vendor, card.family) == ("m-1", "M One", "V", "m")
    assert (card.context, card.prompt, card.output) == (10, 8, 2)
    assert (card.vision, card.tools, card.thinks, list(card.efforts)) == (True, True, True, ["low"])
    assert set(card.dialects) == {"completions", "responses"}
    assert (card.category, card.policy, card.is_hidden, card.multiplier) == ("powerful", "unconfigured", True, 0.33)
    assert card.prices == Prices(input=1000, cached=500, written=None, output=3000)
    assert list(card.aliases) == ["fast"]


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"default": None}, {"default": {"input_price": "1"}}])
def test_what_is_odd_is_not_told(odd: object) -> None:
    (model,) = models_in([{"id": "m", "billing": {"token_prices": odd, "multiplier": "x"}, "policy": odd}])
    card = card_of(model)
    assert card.prices in {None, Prices()}
    assert (card.multiplier, card.policy, card.is_hidden) == (None, None, False)


def test_an_alias_stands_at_the_model_that_it_means() -> None:
    found = Catalog(models_in([ENTRY, {"id": "claude-x-4.5"}]))
    cards = cards_of(found.models.values(), {"fast": "m-1", "smart": "claude-x-4-5", "gone": "no-such"}, found.find)
    assert [list(card.aliases) for card in cards] == [["fast"], ["smart"]]
