"""Logins of different hosts never share a file."""

from itertools import combinations
from pathlib import Path

import pytest

from passenger.config.profile import (
    direct_api,
    directory_of,
    host_name,
    is_githubs_own,
    is_tenant,
    login_profile,
    state_profile,
)
from passenger.config.schema import Config, CopilotSettings, GithubSettings

HERE = Path("config")
LOGIN, POLL, EXCHANGE = "/login/device/code", "/login/oauth/access_token", "/copilot_internal/v2/token"

PROFILES: list[tuple[str, str, str, str]] = [
    # where a login begins, where it is polled for, where it is exchanged, and whose files that makes it
    ("https://github.com", "https://github.com", "https://api.github.com", ""),
    ("https://GitHub.com", "https://github.com:443", "https://API.github.com", ""),
    ("https://octocorp.ghe.com", "https://octocorp.ghe.com", "https://api.octocorp.ghe.com", "octocorp.ghe.com"),
    ("https://other.ghe.com", "https://other.ghe.com", "https://api.other.ghe.com", "other.ghe.com"),
    ("https://ghe.example", "https://ghe.example", "https://ghe.example", "ghe.example"),
    ("https://ghe.example:8443", "https://ghe.example:8443", "https://ghe.example:8443", "ghe.example~8443"),
    ("https://GHE.example", "https://ghe.example:443", "https://ghe.example", "ghe.example"),
    ("https://github.com.example", "https://github.com.example", "https://github.com.example", "github.com.example"),
    ("https://github.com:8443", "https://github.com:8443", "https://github.com:8443", "github.com~8443"),
    ("http://127.0.0.1:8082", "http://127.0.0.1:8082", "http://127.0.0.1:8082", "localhost~8082"),
    ("http://localhost:8082", "http://[::1]:8082", "http://127.7.7.7:8082", "localhost~8082"),
    ("http://127.0.0.1", "http://127.0.0.1:80", "http://localhost", "localhost"),
    ("https://[2001:db8::1]", "https://[2001:DB8:0::1]", "https://[2001:db8::1]", "[2001~db8~~1]"),
    ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", "[2001~db8~~1]~8443"),
    ("https://github.com", "https://github.com", "https://exchange.example", "github.com+exchange.example"),
    ("https://github.com", "https://github.com", "http://127.0.0.1:8082", "github.com+localhost~8082"),
    ("http://127.0.0.1:8082", "http://127.0.0.1:8082", "https://api.github.com", "localhost~8082+github.com"),
    ("https://a.example", "https://b.example", "https://c.example", "a.example+b.example+c.example"),
]


def config(begins: str, polls: str, exchanges: str, api: str | None = None) -> Config:
    github = GithubSettings(f"{begins}{LOGIN}", f"{polls}{POLL}", f"{exchanges}{EXCHANGE}")
    return Config(github=github, copilot=CopilotSettings(api_base_url=api) if api else CopilotSettings())


@pytest.mark.proves("profiles")
@pytest.mark.parametrize(("begins", "polls", "exchanges", "profile"), PROFILES)
def test_a_login_is_kept_by_the_hosts_it_comes_from(begins: str, polls: str, exchanges: str, profile: str) -> None:
    settings = config(begins, polls, exchanges)
    directory = directory_of(HERE, login_profile(settings))
    assert directory == (HERE / "profiles" / profile if profile else HERE)
    assert directory_of(HERE, state_profile(settings)) == directory


def test_different_hosts_have_different_directories_each_a_single_name() -> None:
    found = {profile: login_profile(config(*hosts)) for *hosts, profile in PROFILES}
    for one, other in combinations(found.values(), 2):
        assert one != other
    assert all(name == Path(name).name and not set(name) & set('\\/:*?"<>|') for name in found.values())


@pytest.mark.parametrize(
    ("api", "profile"),
    [
        (None, "github.com"),
        ("https://api.enterprise.githubcopilot.com", "github.com"),
        ("https://copilot-api.octocorp.ghe.com", "github.com+octocorp.ghe.com"),
        ("http://127.0.0.1:9", "github.com+localhost~9"),
    ],
)
def test_what_was_learned_is_kept_by_the_api_too_and_a_login_is_not(api: str | None, profile: str) -> None:
    settings = config("https://github.com", "https://github.com", "https://api.github.com", api)
    assert state_profile(settings) == profile
    assert login_profile(settings) == "github.com"


@pytest.mark.parametrize(
    ("profile", "github_s"),
    [
        ("github.com", True),
        ("octocorp.ghe.com", True),
        ("github.com+octocorp.ghe.com", True),
        ("localhost~8082", False),
        ("github.com+exchange.example", False),
        ("evilghe.com", False),
        ("github.com~8443", False),
    ],
)
def test_github_s_own_hosts_are_known(profile: str, *, github_s: bool) -> None:
    assert is_githubs_own(profile) is github_s


def test_an_api_of_the_same_host_makes_no_other_profile() -> None:
    tenant = ("https://octocorp.ghe.com", "https://octocorp.ghe.com", "https://api.octocorp.ghe.com")
    assert state_profile(config(*tenant, "https://copilot-api.octocorp.ghe.com")) == "octocorp.ghe.com"


def test_a_name_is_read_from_a_url_as_credentials_are() -> None:
    assert host_name("https://github.com/login?x=https://evil.example") == "github.com"


GITHUB, TENANT = "https://github.com", "https://octocorp.ghe.com"


@pytest.mark.proves("credentials")
@pytest.mark.parametrize(
    ("begins", "exchanges", "api", "expected"),
    [
        (GITHUB, "https://api.github.com", None, "https://api.githubcopilot.com"),
        (TENANT, "https://api.octocorp.ghe.com", None, "https://copilot-api.octocorp.ghe.com"),
        (TENANT, "https://api.other.ghe.com", None, None),
        (TENANT, "https://api.octocorp.ghe.com:8443", None, None),
        (GITHUB, "http://127.0.0.1:8082", None, None),
        ("http://127.0.0.1:8082", "http://127.0.0.1:8082", None, None),
        ("https://ghe.example", "https://ghe.example", None, None),
        ("https://evil.example", "https://octocorp.ghe.com.evil.example", None, None),
        ("http://127.0.0.1:8082", "http://127.0.0.1:8082", "http://127.0.0.1:8082", "http://127.0.0.1:8082"),
    ],
)
def test_a_login_goes_to_copilot_itself_only_beside_its_own_host(
    begins: str, exchanges: str, api: str | None, expected: str | None
) -> None:
    assert direct_api(config(begins, begins, exchanges, api)) == expected


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("octocorp.ghe.com", True),
        ("github.com", False),
        ("octocorp.ghe.com~8443", False),
        ("github.com+octocorp.ghe.com", False),
        ("ghe.com", False),
    ],
)
def test_a_tenant_is_known_by_its_name(profile: str, expected: bool) -> None:
    assert is_tenant(profile) is expected
