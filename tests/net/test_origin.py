"""Where URLs lead."""

import pytest

from passenger.net.exceptions import InvalidUrlError
from passenger.net.origin import Origin, split_url

PLACES = {
    "https://api.github.com": (Origin("https", "api.github.com", 443), "/", "api.github.com"),
    "https://API.GitHub.com/": (Origin("https", "api.github.com", 443), "/", "api.github.com"),
    "http://127.0.0.1:8080/a/b?c=d&e": (Origin("http", "127.0.0.1", 8080), "/a/b?c=d&e", "127.0.0.1:8080"),
    "http://[::1]:80/x": (Origin("http", "::1", 80), "/x", "[::1]"),
    "https://[::1]:80/x": (Origin("https", "::1", 80), "/x", "[::1]:80"),
    "https://x.test?q": (Origin("https", "x.test", 443), "/?q", "x.test"),
    "https://x.test/a%2Fb%20c?d%26e": (Origin("https", "x.test", 443), "/a%2Fb%20c?d%26e", "x.test"),
    "https://x.test/a b\u00f6#part": (Origin("https", "x.test", 443), "/a%20b%C3%B6", "x.test"),
    "https://user:word@x.test/": (Origin("https", "x.test", 443), "/", "x.test"),
    "https://m\u00fcller.test/": (Origin("https", "xn--mller-kva.test", 443), "/", "xn--mller-kva.test"),
}


@pytest.mark.parametrize("url", PLACES)
def test_a_url_leads_to_an_origin_and_a_target(url: str) -> None:
    origin, target, authority = PLACES[url]
    assert split_url(url) == (origin, target)
    assert origin.authority == authority


@pytest.mark.parametrize(
    "url", ["", "x.test", "ftp://x.test/", "https://", "https:///x", "http://x.test:99999/", "http://[::1/", "file:/x"]
)
def test_what_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidUrlError):
        split_url(url)


def test_a_target_is_one_word_on_one_line() -> None:
    assert split_url("http://x.test/a HTTP/1.1\r\nX: y").target == "/a%20HTTP/1.1X:%20y"


def test_connect_is_always_asked_for_with_a_port() -> None:
    assert Origin("https", "::1", 443).full_authority == "[::1]:443"
