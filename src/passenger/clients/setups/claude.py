"""Claude Code's own settings, which it reads nothing of where there is a comment or a trailing comma in them.

`~/.claude.json` is never edited: it keeps its own state there, and a trust that is the user's to give.
"""

from collections.abc import Sequence
from pathlib import Path

from passenger.clients.claude import CLAUDE, environment, name
from passenger.clients.plan import Site
from passenger.clients.setups.setup import QUESTION, Setup
from passenger.edits.edit import Edit


def edits(site: Site) -> Sequence[Edit]:
    """The `env` block, and the model, which it would otherwise take from the conversation that is resumed."""
    machine = site.machine
    file = Path(machine.environ.get("CLAUDE_CONFIG_DIR") or machine.home / ".claude") / "settings.json"
    block = [
        Edit(
            file=file,
            format="json",
            keys=("env", variable),
            value=value,
            secret=variable == "ANTHROPIC_AUTH_TOKEN",
            conceals=variable == "ANTHROPIC_API_KEY",
            address=variable == "ANTHROPIC_BASE_URL",
        )
        for variable, value in environment(site).items()
    ]
    return [*block, Edit(file=file, format="json", keys=("model",), value=name(site, site.model))]


def probe(site: Site) -> Sequence[str]:
    """One question to the small model."""
    return ["claude", "-p", "--model", name(site, site.small), QUESTION]


SETUP = Setup(client=CLAUDE, edits=edits, probe=probe, agents=("claude-cli",), prompt=25_000)
