"""A fix that cannot be typed is noticed."""

import subprocess

import pytest

from passenger.cli.doctor.findings import Finding, fail, ok, warn
from tests.cli.doctor.bench import check_typeable

GOOD = [
    ok("a", "it is well"),
    warn("a", "see there", see="https://github.com/settings/copilot"),
    fail("a", "no login", "passenger login"),
    fail("a", "no server", "passenger"),
    fail("a", "old server", "kill 4711 && passenger"),
    fail("a", "settings", "passenger config show --json"),
    fail("a", "a place", "chmod 600 'a file'"),
]
BAD = [
    fail("a", "nothing to do about it"),
    fail("a", "prose", "log in again"),
    fail("a", "a command there is not", "passenger heal"),
    fail("a", "a flag there is not", "passenger login --again"),
    fail("a", "a quote that is open", "chmod 600 'a"),
    Finding("a", "ok", "well", "chmod 600 a"),
]


@pytest.mark.proves("doctor")
@pytest.mark.parametrize("finding", GOOD, ids=lambda finding: finding.text)
def test_what_a_shell_and_our_command_line_take_is_typeable(finding: Finding) -> None:
    check_typeable(finding)


@pytest.mark.parametrize("finding", BAD, ids=lambda finding: finding.text)
def test_what_neither_takes_is_not(finding: Finding) -> None:
    with pytest.raises((AssertionError, subprocess.CalledProcessError)):
        check_typeable(finding)
