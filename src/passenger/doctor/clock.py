"""Whether this machine's clock agrees with GitHub's."""

from collections.abc import Sequence

from passenger.doctor.facts import Facts
from passenger.doctor.finding import Finding, fail, ok, skip, warn

ID = "clock"
NOISE, TOO_MUCH = 60.0, 86400.0
"""Seconds: tokens are reckoned by GitHub's clock, so that a difference only misleads people, until certificates seem to
have expired."""

SETTING = {
    "Linux": "sudo timedatectl set-ntp true",
    "Darwin": "sudo sntp -sS time.apple.com",
    "Windows": "w32tm /resync",
}


async def check(facts: Facts) -> Sequence[Finding]:
    """Compare it with the `Date` of an answer."""
    traces = await facts.traces()
    ahead = next((trace.ahead for trace in traces.values() if trace.ahead is not None), None)
    if ahead is None:
        return [skip(ID, "no host has told its time")]
    if abs(ahead) <= NOISE:
        return [ok(ID, f"within {abs(ahead):.0f} s of GitHub's")]
    text = f"it is {_length(abs(ahead))} {'behind' if ahead > 0 else 'ahead of'} GitHub's"
    return [(fail if abs(ahead) > TOO_MUCH else warn)(ID, text, setting(facts.system))]


def setting(system: str) -> str:
    """What sets the clock by the network's."""
    return SETTING.get(system, SETTING["Linux"])


def _length(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
