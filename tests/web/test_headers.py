"""The headers of a request."""

from passenger.web.headers import header


def test_the_first_of_a_name_counts_and_one_that_is_missing_is_empty() -> None:
    scope = {"headers": [(b"host", b"one"), (b"user-agent", b"curl/8"), (b"host", b"two")]}
    assert header(scope, b"host") == b"one"
    assert header(scope, b"user-agent") == b"curl/8"
    assert header(scope, b"upgrade") == b""
