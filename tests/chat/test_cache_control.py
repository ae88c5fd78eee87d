"""What a client says of the cache."""

import pytest

from passenger.chat.cache_control import NO_WISH, CacheControl, read_cache_control


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", CacheControl()),
        ("no-cache", CacheControl(reads=False)),
        ("No-Cache, Max-Age=60", CacheControl(reads=False, max_age=60)),
        ("no-store", CacheControl(reads=False, keeps=False)),
        ("max-age=60 , no-store", CacheControl(reads=False, keeps=False)),
        ("max-age=3600", CacheControl(max_age=3600)),
        ('max-age="3600"', CacheControl(max_age=3600)),
        ("max-age=0", CacheControl(reads=False, max_age=0)),
        ("max-age=-1", CacheControl()),
        ("max-age=soon", CacheControl()),
        ("max-age=٣", CacheControl()),
        ("max-age=" + "9" * 5000, CacheControl(max_age=999_999_999)),
        ("only-if-cached, min-fresh=3,,=", CacheControl()),
    ],
)
def test_directives_are_read_and_unknown_ones_say_nothing(header: str, expected: CacheControl) -> None:
    assert read_cache_control({"cache-control": header}) == expected


def test_a_client_without_headers_has_no_wish() -> None:
    assert read_cache_control({}) is NO_WISH
    assert read_cache_control({"x-passenger-no-cache": "0"}) is NO_WISH


def test_our_own_header_means_no_store() -> None:
    headers = {"x-passenger-no-cache": "1", "cache-control": "max-age=60"}
    assert read_cache_control(headers) == CacheControl(reads=False, keeps=False)


@pytest.mark.parametrize(
    ("header", "asks"), [("max-age=60", True), ("max-age=0", False), ("no-cache, max-age=60", False), ("", False)]
)
def test_a_client_that_takes_a_kept_answer_names_an_age(header: str, *, asks: bool) -> None:
    assert read_cache_control({"cache-control": header}).asks_for_chats is asks
