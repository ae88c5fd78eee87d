"""The doctor at work in the test's own process, on a home, an environment and a simulator of the test's own."""

import contextlib
import io
import shlex
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from passenger.cli.doctor.doctor import PARTS, Check, examine
from passenger.cli.doctor.facts import Facts, open_facts
from passenger.cli.doctor.findings import Finding
from passenger.cli.group import run
from passenger.config.egress import make_egress
from passenger.config.invocation import Invocation
from passenger.observe.redaction import Redactor
from passenger.simulator import Simulator

NOWHERE = 1
"""A port at which nothing answers."""


@dataclass
class Ward:
    """Where the doctor is called to; `config` and `environ` are to be changed before."""

    simulator: Simulator
    home: Path
    config: str = f"[server]\nport = {NOWHERE}\n"
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environ |= {"HOME": str(self.home), "COPILOT_GITHUB_TOKEN": self.simulator.login_token, "PATH": ""}

    @contextlib.asynccontextmanager
    async def facts(self, *clients: str) -> AsyncIterator[Facts]:
        path = self.home / "settings.toml"
        path.write_text(self.simulator.config_toml() + self.config)
        redactor = Redactor()
        invocation = Invocation(config_path=path, environ=self.environ)
        loaded = invocation.load()
        network = make_egress(loaded, self.environ, redactor)
        async with open_facts(invocation, loaded, network, redactor, clients) as facts:
            yield facts

    async def look(self, *names: str, clients: tuple[str, ...] = ()) -> "Chart":
        """What these parts find, all of them where none is named."""
        parts: Mapping[str, Check] = {name: PARTS[name] for name in names or PARTS}
        async with self.facts(*clients) as facts:
            chart = Chart(list(await examine(facts, parts)))
        for finding in chart.findings:
            check_typeable(finding)
        return chart


@dataclass(frozen=True)
class Chart:
    """What was found."""

    findings: list[Finding]

    def __getitem__(self, name: str) -> Finding:
        """The one finding of that id."""
        (finding,) = self.all(name)
        return finding

    def all(self, name: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.id == name]


def type_it(finding: Finding) -> None:
    """Type the fix of a finding into a shell."""
    assert finding.fix is not None
    subprocess.run(["/bin/sh", "-c", finding.fix], check=True, capture_output=True, timeout=30)


PLAIN = {
    "chmod",
    "curl",
    "df",
    "export",
    "fuser",
    "ls",
    "kill",
    "mv",
    "npm",
    "rm",
    "sudo",
    "timedatectl",
    "unset",
    "w32tm",
    "${EDITOR:-vi}",
}
"""What a shell knows without us."""


def check_typeable(finding: Finding) -> None:
    """Whatever is not well says what to do, in words that a shell and our own command line take."""
    if finding.state in {"ok", "skip"}:
        assert (finding.fix, finding.see) == (None, None), finding
        return
    assert finding.fix or finding.see, finding
    for typed in (finding.fix or "").split(" && "):
        subprocess.run(["/bin/sh", "-n", "-c", typed], check=True)
        words = shlex.split(typed)
        if words and words[0] == "passenger":
            check_ours(words[1:])
        elif words:
            assert words[0] in PLAIN, finding


def check_ours(arguments: Sequence[str]) -> None:
    """Our command line takes these arguments; with `--help` after them nothing is run."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert run([*arguments, "--help"]) == 0, arguments
