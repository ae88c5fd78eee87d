"""Whose files are whose: a login, its token and what was learned with them are kept by the hosts they belong to."""

from pathlib import Path
from urllib.parse import urlsplit

from passenger.config.address import read_address
from passenger.config.credentials import GITHUB_HOST
from passenger.config.schema import Config

GITHUBS = (".github.com", ".githubcopilot.com")
"""Hosts of github.com itself."""

TENANTS = ".ghe.com"
"""Companies with data residency, each a GitHub of its own: `api.octocorp.ghe.com` is of `octocorp.ghe.com`."""

DIRECTORY = "profiles"
_USUAL_PORTS = {"http": 80, "https": 443}


def login_profile(config: Config) -> str:
    """The name of the hosts that a login and its token come from."""
    return "+".join(dict.fromkeys(map(host_name, config.github.login_urls)))


def is_githubs_own(profile: str) -> bool:
    """Whether GitHub itself runs all of a profile's hosts: the only ones that gh sends `GH_TOKEN` to."""
    return all(name == GITHUB_HOST or name.endswith(TENANTS) for name in profile.split("+"))


def is_tenant(profile: str) -> bool:
    """Whether a profile is of a company with data residency, where logins are not exchanged (docs/upstream.md)."""
    return "+" not in profile and profile.endswith(TENANTS) and "~" not in profile


def direct_api(config: Config) -> str | None:
    """The Copilot API that may be sent a login of these settings as it is; None where none is known.

    One that is set wins. Else it is GitHub's own beside the host that the login is of, and no other's.
    """
    if not config.api_base_url_is_default:
        return config.copilot.api_base_url
    profile = login_profile(config)
    if profile == GITHUB_HOST:
        return config.copilot.api_base_url
    return f"https://copilot-api.{profile}" if is_tenant(profile) else None


def state_profile(config: Config) -> str:
    """The name of the hosts that something was learned from: those of the login, and the API if one is set."""
    api = [] if config.api_base_url_is_default else [host_name(config.copilot.api_base_url)]
    return "+".join(dict.fromkeys([*login_profile(config).split("+"), *api]))


def directory_of(directory: Path, profile: str) -> Path:
    """Where a profile's files are: github.com's in the directory itself, each other's in a directory of its own."""
    return directory if profile == GITHUB_HOST else directory / DIRECTORY / profile


def host_name(url: str) -> str:
    """The GitHub that a URL leads to, as a name that differs for different ones and that every file system takes.

    All of this machine's addresses are `localhost`; a port is told where it is not the usual one.
    """
    address, port = read_address(url), urlsplit(url).port
    host = "localhost" if address.is_this_machine else _github(address.host)
    host = f"[{host.replace(':', '~')}]" if ":" in host else host
    return host if port in {None, _USUAL_PORTS[address.scheme]} else f"{host}~{port}"


def _github(host: str) -> str:
    if host.endswith(GITHUBS):
        return GITHUB_HOST
    return ".".join(host.split(".")[-3:]) if host.endswith(TENANTS) else host
