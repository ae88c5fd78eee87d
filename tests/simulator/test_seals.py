import pytest

from passenger.simulator.seals import fingerprint, lock, unlock


@pytest.mark.parametrize("payload", ["", "a|b", "漢字" * 100])
def test_what_is_locked_can_be_unlocked(payload: str) -> None:
    assert unlock(lock(payload, "salt")) == unlock(lock(payload, "salt", 300)) == payload


def test_another_salt_gives_another_text_and_the_same_salt_the_same() -> None:
    assert lock("a", "one") != lock("a", "two")
    assert lock("a", "one") == lock("a", "one")


def test_a_size_makes_every_text_as_long() -> None:
    assert len(lock("", "s", 300)) == len(lock("a longer one", "s", 300)) == 400


@pytest.mark.parametrize("text", ["", "rs_1", "not base64!", "AAAA", "A" * 400, "é"])
def test_what_was_not_locked_here_cannot_be_unlocked(text: str) -> None:
    assert unlock(text) is None


def test_a_changed_text_cannot_be_unlocked() -> None:
    text = lock("a", "s", 60)
    assert unlock(("B" if text[0] != "B" else "C") + text[1:]) is None


def test_a_fingerprint_takes_any_string() -> None:
    assert fingerprint("\ud800") != fingerprint("")
