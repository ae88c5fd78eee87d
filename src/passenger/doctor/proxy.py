"""Which proxy is used, and by whose word."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from passenger.config.profile import direct_api
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, ok, skip, warn
from passenger.proxies import is_excepted

ID = "proxy"


async def check(facts: Facts) -> Sequence[Finding]:
    """The proxies that apply, and a store of certificates that is not there."""
    return [*_stores(facts), _proxies(facts)]


def _proxies(facts: Facts) -> Finding:
    proxies = facts.network.proxies
    if not proxies.by_scheme:
        return skip(ID, "none is named in the environment: everything is asked directly")
    named = ", ".join(dict.fromkeys(str(proxy) for proxy in proxies.by_scheme.values()))
    excepted = [host for host in _hosts(facts) if is_excepted(proxies.exceptions, host, 443)]
    directly = f"; NO_PROXY excepts {', '.join(excepted)}" if excepted else ""
    return ok(ID, named + directly)


def _hosts(facts: Facts) -> Sequence[str]:
    """The hosts of GitHub and of Copilot, as they are set."""
    config = facts.loaded.config
    github, api = config.github, direct_api(config) or config.copilot.api_base_url
    urls = (github.device_code_url, github.oauth_token_url, github.copilot_token_url, api)
    return list(dict.fromkeys(urlsplit(url).hostname or "" for url in urls))


def _stores(facts: Facts) -> Sequence[Finding]:
    file = facts.environ.get("SSL_CERT_FILE")
    if not file or facts.machine.home.joinpath(file).is_file():
        return []
    return [warn(ID, f"SSL_CERT_FILE is ignored: there is no file {file}", "unset SSL_CERT_FILE")]
