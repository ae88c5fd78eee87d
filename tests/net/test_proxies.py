"""Which proxy the environment means, for whom, and what is said of one that cannot be used."""

import pytest

from passenger.net.proxies import NO_PROXIES, ProxyError, is_excepted, read_proxies, read_proxy

CORP = "http://proxy.corp:3128"


def chosen(environ: dict[str, str], scheme: str = "https", host: str = "api.github.com", port: int = 443) -> str:
    proxy = read_proxies(environ).choose(scheme, host, port)
    return f"{proxy.url} {proxy.variable}" if proxy else "direct"


@pytest.mark.parametrize(
    ("environ", "scheme", "expected"),
    [
        ({}, "https", "direct"),
        ({"HTTPS_PROXY": CORP}, "https", f"{CORP} HTTPS_PROXY"),
        ({"HTTPS_PROXY": CORP}, "http", "direct"),
        ({"https_proxy": CORP}, "https", f"{CORP} https_proxy"),
        ({"https_proxy": CORP, "HTTPS_PROXY": "http://other:1"}, "https", f"{CORP} https_proxy"),
        ({"https_proxy": "", "HTTPS_PROXY": CORP}, "https", "direct"),
        ({"HTTPS_PROXY": " "}, "https", "direct"),
        ({"HTTP_PROXY": CORP}, "https", "direct"),
        ({"HTTP_PROXY": CORP}, "http", f"{CORP} HTTP_PROXY"),
        ({"ALL_PROXY": CORP}, "https", f"{CORP} ALL_PROXY"),
        ({"ALL_PROXY": CORP}, "http", f"{CORP} ALL_PROXY"),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": CORP}, "https", f"{CORP} HTTPS_PROXY"),
        ({"ALL_PROXY": "socks5://other:1", "HTTPS_PROXY": CORP, "HTTP_PROXY": CORP}, "https", f"{CORP} HTTPS_PROXY"),
        ({"HTTPS_PROXY": CORP, "NO_PROXY": "github.com"}, "https", "direct"),
        ({"HTTPS_PROXY": CORP, "no_proxy": "", "NO_PROXY": "github.com"}, "https", f"{CORP} HTTPS_PROXY"),
    ],
)
@pytest.mark.proves("N14")
def test_the_variable_of_a_scheme_counts_before_the_one_for_all(
    environ: dict[str, str], scheme: str, expected: str
) -> None:
    assert chosen(environ, scheme) == expected


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://proxy.corp:3128", "http://proxy.corp:3128"),
        ("http://proxy.corp:3128/", "http://proxy.corp:3128"),
        ("HTTP://Proxy.Corp", "http://proxy.corp:80"),
        ("https://proxy.corp", "https://proxy.corp:443"),
        ("proxy.corp:3128", "http://proxy.corp:3128"),
        ("10.1.2.3:8080", "http://10.1.2.3:8080"),
        ("http://[fd00::1]:8080", "http://[fd00::1]:8080"),
        ("http://me:word@proxy.corp:1", "http://proxy.corp:1"),
    ],
)
def test_a_proxy_is_a_url_or_a_host_and_its_port(text: str, url: str) -> None:
    assert read_proxy("HTTPS_PROXY", text).url == url


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("socks5://me:hunter22@proxy.corp:1080", "SOCKS"),
        ("socks5h://proxy.corp", "SOCKS"),
        ("ftp://me:hunter22@proxy.corp", "strange"),
        ("http://me:hunter22@", "cannot be read"),
        ("http://me:hunter22@proxy.corp:nonsense", "cannot be read"),
        ("http://me:hunter22@proxy.corp:99999", "cannot be read"),
        ("http://me:hunter22@proxy.corp:0", "cannot be read"),
        ("http://me:hunter22@proxy.corp/path", "cannot be read"),
        ("http://me:hunter22@proxy corp", "cannot be read"),
        ("http://me:hunter22@[proxy", "cannot be read"),
        ("http://me:hun/ter22@proxy.corp:1", "cannot be read"),
    ],
)
@pytest.mark.proves("N14")
def test_what_is_no_proxy_is_refused_without_a_word_of_its_credentials(text: str, what: str) -> None:
    with pytest.raises(ProxyError, match=what) as caught:
        read_proxies({"https_proxy": text})
    assert caught.value.variable == "https_proxy"
    assert "ter22" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_credentials_are_decoded_and_hidden() -> None:
    proxy = read_proxy("HTTPS_PROXY", "http://me%40corp:p%3Aw%2Fd@proxy.corp:3128")
    assert proxy.credentials is not None
    assert proxy.authorization is not None
    assert proxy.credentials.reveal() == "me@corp:p:w/d"
    assert proxy.authorization.reveal() == "Basic bWVAY29ycDpwOncvZA=="
    assert [secret.reveal() for secret in proxy.secrets()] == ["me@corp:p:w/d", "p:w/d", "bWVAY29ycDpwOncvZA=="]
    assert str(proxy) == "proxy.corp:3128 (HTTPS_PROXY)"
    assert "p:w" not in repr(proxy)


@pytest.mark.parametrize(
    ("exceptions", "host", "port", "direct"),
    [
        ("", "api.github.com", 443, False),
        ("*", "api.github.com", 443, True),
        ("api.github.com", "api.github.com", 443, True),
        ("API.GitHub.com", "api.github.com", 443, True),
        ("api.github.com.", "api.github.com", 443, True),
        ("api.github.com", "api.github.com.", 443, True),
        ("github.com", "api.github.com", 443, True),
        (".github.com", "api.github.com", 443, True),
        (".github.com", "github.com", 443, True),
        ("*.github.com", "api.github.com", 443, True),
        ("hub.com", "api.github.com", 443, False),
        ("api.github.com", "github.com", 443, False),
        ("api.github.com:443", "api.github.com", 443, True),
        ("api.github.com:8443", "api.github.com", 443, False),
        ("corp, github.com", "api.github.com", 443, True),
        ("corp github.com", "api.github.com", 443, True),
        (",, ,", "api.github.com", 443, False),
        (".", "api.github.com", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.1/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "10.example", 443, False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3:443", "10.1.2.3", 443, True),
        ("10.1.2.3:80", "10.1.2.3", 443, False),
        ("2.3", "10.1.2.3", 443, False),
        ("fd00::/8", "fd12::1", 443, True),
        ("fd12::1", "[fd12::1]", 443, True),
        ("[fd12::1]:443", "fd12::1", 443, True),
        ("[fd12::1]:80", "fd12::1", 443, False),
        ("fd00::/8", "10.1.2.3", 443, False),
        ("github.com:nonsense", "github.com", 443, False),
    ],
)
@pytest.mark.proves("N14")
def test_no_proxy_names_hosts_domains_ports_addresses_and_networks(
    exceptions: str, host: str, port: int, direct: bool
) -> None:
    assert is_excepted(exceptions, host, port) == direct


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"]
)
@pytest.mark.proves("N14")
def test_this_machine_is_never_asked_through_a_proxy(host: str) -> None:
    proxies = read_proxies({"ALL_PROXY": CORP})
    assert {proxies.choose(scheme, host, 8080) for scheme in ("http", "https")} == {None}


def test_without_proxies_everybody_is_asked_directly() -> None:
    assert NO_PROXIES.choose("https", "api.github.com", 443) is None
