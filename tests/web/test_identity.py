"""Who a server says it is."""

from pathlib import Path

from passenger.control.hello import is_signed, read_or_make_secret
from passenger.web.identity import Identity


def test_it_signs_with_a_secret_that_was_made_after_its_start(tmp_path: Path) -> None:
    identity = Identity("1", 2, 3.0, tmp_path)
    assert identity.hello("n", ("::1", 80)).signature is None
    secret = read_or_make_secret(tmp_path)
    assert is_signed(secret, "n", ("::1", 80), identity.hello("n", ("::1", 80)))


def test_without_a_state_directory_it_is_nobodys() -> None:
    assert Identity("1", 2, 3.0).hello("n", ("::1", 80)).signature is None
