"""The agent for macOS, read back; nobody has run it."""

import plistlib

from passenger.services.launchd import agent
from tests.services.test_systemd import SERVICE


def test_it_starts_at_login_in_a_directory_of_ours_and_again_after_a_crash() -> None:
    found = plistlib.loads(agent(SERVICE).encode())
    assert found["ProgramArguments"] == list(SERVICE.command)
    assert found["WorkingDirectory"] == str(SERVICE.state_dir)
    assert found["EnvironmentVariables"] == SERVICE.environment
    assert found["RunAtLoad"] is True
    assert found["KeepAlive"] == {"SuccessfulExit": False}
