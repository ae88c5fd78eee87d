"""Whether GitHub and Copilot can be reached, and at which step it fails where they cannot."""

from collections.abc import Sequence
from shlex import quote

from passenger.doctor.clock import setting
from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, warn
from passenger.doctor.hops import Trace

ID = "upstream"
_DATES = {9, 10}
"""OpenSSL's codes of a certificate that is not valid yet, or no longer."""

_NAMES = {62, 64}
"""... of one that is for another host."""


async def check(facts: Facts) -> Sequence[Finding]:
    """Each host's way, step by step."""
    return [_told(facts, f"{ID}.{purpose}", trace) for purpose, trace in (await facts.traces()).items()]


def _told(facts: Facts, name: str, trace: Trace) -> Finding:
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
