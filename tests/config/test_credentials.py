"""The table of hosts that may and may not be sent a credential."""

import pytest

from passenger.config.credentials import Credentials

GITHUBS = [
    "https://github.com/login/device/code",
    "https://GitHub.com/",
    "https://github.com:443/",
    "https://github.com:8443/",
    "https://api.github.com/copilot_internal/v2/token",
    "https://tenant.ghe.com/login/oauth/access_token",
    "https://api.tenant.ghe.com/",
    "https://copilot-api.tenant.ghe.com/",
    "https://api.githubcopilot.com",
    "https://api.individual.githubcopilot.com/chat/completions",
    "https://api.enterprise.githubcopilot.com",
]
OTHERS = [
    "http://github.com/login/device/code",
    "http://api.githubcopilot.com",
    "https://github.com.evil.example/",
    "https://evilgithub.com/",
    "https://evil-github.com/",
    "https://github.com@evil.example/",
    "https://user:pass@github.com/",
    "https://evil.example/https://github.com/",
    "https://evil.example?host=github.com",
    "https://evil.example#github.com",
    "https://evil.example\\@github.com",
    "https://github.com./",
    "https://api.github.com./",
    "https://ghe.com/",
    "https://githubcopilot.com/",
    "https://evilghe.com/",
    "https://api.githubcopilot.com.evil.example/",
    "https://gith\u0443b.com/",
    "https://xn--gthub-n4a.com/",
    "https://github.com\n.evil.example/",
    "https://models.github.ai/catalog/models",
    "https://models.dev/api.json",
    "https://github.io/",
    "https://raw.githubusercontent.com/",
    "ftp://github.com/",
    "//github.com/",
    "github.com",
    "",
    "https://",
    "https://127.0.0.1/",
    "http://localhost:8082/",
]


@pytest.mark.proves("credentials")
@pytest.mark.parametrize("url", GITHUBS)
def test_github_s_own_hosts_may_be_sent_credentials_over_https(url: str) -> None:
    assert Credentials().may_go_to(url)


@pytest.mark.proves("credentials")
@pytest.mark.parametrize("url", OTHERS)
def test_no_other_host_may(url: str) -> None:
    assert not Credentials().may_go_to(url)


NAMED = Credentials(frozenset({"127.0.0.1", "corp.example"}))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://127.0.0.1:2/path",
        "http://localhost:2/",
        "http://[::1]:2/",
        "https://127.0.0.1/",
        "https://corp.example/",
        "https://corp.example:8443/x",
        "https://CORP.example/",
        "https://github.com/",
    ],
)
def test_a_host_that_the_user_named_may_on_any_port(url: str) -> None:
    assert NAMED.may_go_to(url)


@pytest.mark.proves("credentials")
@pytest.mark.parametrize(
    "url",
    [
        "http://corp.example/",
        "https://sub.corp.example/",
        "https://corp.example.evil.example/",
        "https://corp.example@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://10.0.0.1/",
    ],
)
def test_naming_a_host_opens_no_other_and_nothing_unencrypted(url: str) -> None:
    assert not NAMED.may_go_to(url)


def test_a_named_remote_host_does_not_open_this_machine() -> None:
    assert not Credentials(frozenset({"corp.example"})).may_go_to("http://127.0.0.1:8082/")
