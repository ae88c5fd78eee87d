"""A URL is read in one way, or refused."""

import pytest

from passenger.config.address import read_address


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://github.com/login", "github.com"),
        ("HTTPS://GITHUB.COM/", "github.com"),
        ("https://github.com:443", "github.com"),
        ("https://github.com@evil.example/", "evil.example"),
        ("https://evil.example#@github.com", "evil.example"),
        ("https://evil.example?@github.com", "evil.example"),
        ("http://[::1]:8082/x", "::1"),
        ("http://[0:0:0:0:0:0:0:1]", "::1"),
        ("http://127.0.0.1:8082", "127.0.0.1"),
    ],
)
def test_the_host_is_the_one_that_gets_the_request(url: str, host: str) -> None:
    assert read_address(url).host == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "github.com",
        "ftp://github.com",
        "https:github.com",
        "https:///github.com",
        "https://github.com./",
        "https://.github.com",
        "https://a@b@github.com",
        "https://evil.example\\@github.com",
        "https://github.com\t.evil.example",
        " https://github.com",
        "https://github.com%2eevil.example",
        "https://g\u0131thub.com",
        "https://github\u3002com",
        "https://github.com:0",
        "https://github.com:65536",
        "https://github.com:x",
        "http://[::1%25lo]/",
        "http://[::zz]/",
        "https://[github.com]",
    ],
)
def test_what_two_parsers_may_read_differently_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_address(url)
