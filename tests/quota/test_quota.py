import pytest

from passenger.quota.quota import Quota, main_quota, read_number

PREMIUM, CHAT = "premium_interactions", "chat"


@pytest.mark.parametrize(
    ("quota", "used"),
    [
        (Quota("q", entitlement=200, remaining=50), 75),
        (Quota("q", entitlement=200, remaining=50, percent_remaining=20), 80),
        (Quota("q", entitlement=200, remaining=-20), 110),
        (Quota("q", entitlement=200), None),
        (Quota("q", entitlement=0, remaining=0), None),
        (Quota("q", remaining=5), None),
        (Quota("q", unlimited=True, entitlement=200, remaining=50), None),
    ],
)
def test_how_much_is_used(quota: Quota, used: float | None) -> None:
    assert quota.percent_used == used


@pytest.mark.parametrize(
    ("quotas", "is_free", "main"),
    [
        ([Quota(CHAT, unlimited=True), Quota(PREMIUM, entitlement=300)], False, PREMIUM),
        ([Quota(CHAT, entitlement=50), Quota(PREMIUM, unlimited=True)], False, PREMIUM),
        ([Quota(CHAT, entitlement=50), Quota(PREMIUM, entitlement=0)], False, CHAT),
        ([Quota(CHAT, entitlement=50), Quota(PREMIUM, entitlement=50)], True, CHAT),
        ([Quota(CHAT, unlimited=True), Quota(PREMIUM, entitlement=200)], True, PREMIUM),
        ([Quota(CHAT, unlimited=True)], True, CHAT),
        ([Quota("completions", entitlement=2000)], False, None),
        ([], False, None),
    ],
)
def test_which_counter_chats_are_counted_by(quotas: list[Quota], is_free: bool, main: str | None) -> None:
    found = main_quota(quotas, is_free=is_free)
    assert (found and found.id) == main


@pytest.mark.parametrize("value", [True, "7", None, [], 1e15, float("nan"), float("inf"), 10**400])
def test_what_is_no_number_of_a_sensible_size_is_none(value: object) -> None:
    assert read_number(value) is None


@pytest.mark.parametrize("value", [0, -3, 7.5])
def test_a_number(value: float) -> None:
    assert read_number(value) == value
