from passenger.simulator.billing import copilot_usage
from passenger.simulator.catalogue import Catalogue


def bill(model_id: str, **counts: int) -> dict[str, object]:
    model = Catalogue().find(model_id)
    assert model is not None
    return copilot_usage(model, counts)


def test_a_recorded_bill_comes_out_to_the_last_nano() -> None:
    found = bill("claude-opus-5", input=11, cache_read=0, cache_write=0, output=4)
    assert found["total_nano_aiu"] == 15_500_000
    assert found["token_details"] == [
        {"batch_size": 1000000, "cost_per_batch": 500000000000, "token_count": 11, "token_type": "input"},
        {"batch_size": 1000000, "cost_per_batch": 50000000000, "token_count": 0, "token_type": "cache_read"},
        {"batch_size": 1000000, "cost_per_batch": 625000000000, "token_count": 0, "token_type": "cache_write"},
        {"batch_size": 1000000, "cost_per_batch": 2500000000000, "token_count": 4, "token_type": "output"},
    ]


def test_an_included_model_has_no_bill_and_a_kind_without_a_price_no_row() -> None:
    assert bill("gpt-4.1", input=11) == {"token_details": [], "total_nano_aiu": 0}
    assert bill("gpt-5.5", cache_write=5) == {"token_details": [], "total_nano_aiu": 0}
