"""Checks of the way to GitHub and Copilot: each step of it, and the proxies that apply."""

from collections.abc import Sequence
from shlex import quote
from urllib.parse import urlsplit

from passenger.cli.doctor.facts import Facts
from passenger.cli.doctor.findings import Finding, fail, ok, skip, warn
from passenger.cli.doctor.hops import Trace
from passenger.cli.doctor.installation import setting
from passenger.config.profile import direct_api
from passenger.net.proxies import is_excepted

UPSTREAM = "upstream"
_DATES = {9, 10}
"""OpenSSL's codes of a certificate that is not valid yet, or no longer."""

_NAMES = {62, 64}
"""... of one that is for another host."""


async def check_upstream(facts: Facts) -> Sequence[Finding]:
    """Each host's way, step by step."""
    return [_describe_trace(facts, f"{UPSTREAM}.{purpose}", trace) for purpose, trace in (await facts.traces()).items()]


def _describe_trace(facts: Facts, name: str, trace: Trace) -> Finding:
    if trace.failed is not None:
        signed = f"; it is signed by {trace.issuer}" if trace.issuer else ""
        return fail(name, f"{trace.why}{signed}", _mending(facts, trace))
    steps = ", ".join(f"{step} {took:.0f} ms" for step, took in trace.steps)
    text = f"{trace.host}{f' by the proxy {trace.proxy}' if trace.proxy else ''}: {steps}"
    text += f"; TLS by {trace.issuer}" if trace.issuer else ""
    if trace.status is not None and (trace.status >= 500 or trace.status == 407):
        return warn(name, f"{text}; it answers {trace.status}", f"curl -sv {_url(trace)}")
    return ok(name, text)


def _mending(facts: Facts, trace: Trace) -> str:
    match trace.failed:
        case "TLS" if trace.untrusted in _DATES:
            return setting(facts.system)
        case "TLS" if trace.untrusted is not None and trace.untrusted not in _NAMES:
            return "export PASSENGER_NETWORK_CA_BUNDLE=/path/to/your-company.pem"
        case "DNS" | "TCP" if trace.proxy is None:
            return "export HTTPS_PROXY=http://your-proxy:8080"
        case "DNS" | "TCP":
            return f"unset {trace.proxy.variable if trace.proxy else ''}"
        case "CONNECT" if trace.proxy is not None and " 407 " in trace.why:
            return (
                f"export {trace.proxy.variable}=http://user:password@{quote(f'{trace.proxy.host}:{trace.proxy.port}')}"
            )
        case "CONNECT":
            return f"export NO_PROXY={quote(trace.host)}"
        case _:
            return f"curl -sv {_url(trace)}"


def _url(trace: Trace) -> str:
    secure = any(step == "TLS" for step, _ in trace.steps) or trace.failed == "TLS"
    return quote(f"{'https' if secure else 'http'}://{trace.host}:{trace.port}/")


PROXY = "proxy"


async def check_proxy(facts: Facts) -> Sequence[Finding]:
    """The proxies that apply, and a store of certificates that is not there."""
    return [*_stores(facts), _proxies(facts)]


def _proxies(facts: Facts) -> Finding:
    proxies = facts.network.proxies
    if not proxies.by_scheme:
        return skip(PROXY, "none is named in the environment: everything is asked directly")
    named = ", ".join(dict.fromkeys(str(proxy) for proxy in proxies.by_scheme.values()))
    excepted = [host for host in _hosts(facts) if is_excepted(proxies.exceptions, host, 443)]
    directly = f"; NO_PROXY excepts {', '.join(excepted)}" if excepted else ""
    return ok(PROXY, named + directly)


def _hosts(facts: Facts) -> Sequence[str]:
    """The hosts of GitHub and of Copilot, as they are set."""
    config = facts.loaded.config
    github, api = config.github, direct_api(config) or config.copilot.api_base_url
    return list(dict.fromkeys(urlsplit(url).hostname or "" for url in (*github.login_urls, api)))


def _stores(facts: Facts) -> Sequence[Finding]:
    file = facts.environ.get("SSL_CERT_FILE")
    if not file or facts.machine.home.joinpath(file).is_file():
        return []
    return [warn(PROXY, f"SSL_CERT_FILE is ignored: there is no file {file}", "unset SSL_CERT_FILE")]
