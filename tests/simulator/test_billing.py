import msgspec

from passenger.simulator.billing import Counts, copilot_usage, nano
from passenger.simulator.catalogue import Catalogue, Model


def model(model_id: str) -> Model:
    found = Catalogue().find(model_id)
    assert found is not None
    return found


def test_a_recorded_bill_comes_out_to_the_last_nano() -> None:
    found = copilot_usage(model("claude-opus-5"), Counts(input=11, output=4))
    assert found["total_nano_aiu"] == 15_500_000
    assert found["token_details"] == [
        {"batch_size": 1000000, "cost_per_batch": 500000000000, "token_count": 11, "token_type": "input"},
        {"batch_size": 1000000, "cost_per_batch": 50000000000, "token_count": 0, "token_type": "cache_read"},
        {"batch_size": 1000000, "cost_per_batch": 625000000000, "token_count": 0, "token_type": "cache_write"},
        {"batch_size": 1000000, "cost_per_batch": 2500000000000, "token_count": 4, "token_type": "output"},
    ]


def test_an_included_model_has_no_bill_and_a_kind_without_a_price_no_row() -> None:
    assert copilot_usage(model("gpt-4.1"), Counts(input=11)) == {"token_details": [], "total_nano_aiu": 0}
    found = copilot_usage(model("gpt-5.5"), Counts(cache_write=5))
    assert [row["token_type"] for row in found["token_details"]] == ["input", "cache_read", "output"]
    assert found["total_nano_aiu"] == 0


def test_a_prompt_above_the_limit_of_the_usual_prices_has_those_of_a_long_context_its_answer_too() -> None:
    priced = model("gpt-5.4")
    most = int(priced.token_prices["default"]["context_max"])
    assert nano(priced, Counts(input=most, output=10)) == (most * 250 + 10 * 1500) * 1000
    assert nano(priced, Counts(input=1, cache_read=most, output=10)) == (500 + most * 50 + 10 * 2250) * 1000


def test_a_price_may_be_for_another_number_of_tokens() -> None:
    entry = msgspec.json.decode(msgspec.json.encode(model("gpt-5.4").entry))
    entry["billing"]["token_prices"] = {"batch_size": 1000, "default": {"input_price": 0.25, "output_price": 1.5}}
    assert nano(Model(entry), Counts(input=3, output=2)) == 750_000 + 3_000_000
