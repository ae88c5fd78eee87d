"""The property list for macOS' launchd; not run by us: https://www.manpagez.com/man/5/launchd.plist/."""

import plistlib
from pathlib import Path

from passenger.services.definition import Definition

LABEL = "dev.passenger"
PLACE = Path("Library", "LaunchAgents", f"{LABEL}.plist")
"""Below the home directory."""


def agent(service: Definition) -> str:
    """The text of the property list."""
    content = {
        "Label": LABEL,
        "ProgramArguments": list(service.command),
        "WorkingDirectory": str(service.directory),
        "EnvironmentVariables": dict(service.environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ProcessType": "Background",
        "Umask": 0o077,
        "StandardErrorPath": str(service.state_dir / "passenger.log"),
    }
    return plistlib.dumps(content).decode()
