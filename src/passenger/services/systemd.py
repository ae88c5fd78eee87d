"""The unit for a user's systemd: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html."""

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from passenger.services.definition import MARK, TITLE, Definition

HOPELESS = (2, 4)
"""Exit codes after which there is no use in another start: wrong settings, and no login."""

STOP_SECONDS = 45
"""Longer than running requests may take to end by default ([server] drain_timeout)."""

SANDBOX = (
    "PrivateUsers=yes",
    "ProtectSystem=strict",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "RestrictNamespaces=yes",
)
"""What needs a user namespace, which some systems do not allow."""

PLAIN = (
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures=native",
    "UMask=0077",
)


def unit(service: Definition, variables: Path, *, sandbox: bool = True) -> str:
    """The text of `passenger.service`; `variables` is the file with those of the environment."""
    return "\n".join(_lines(service, variables, sandbox=sandbox)) + "\n"


def _lines(service: Definition, variables: Path, *, sandbox: bool) -> Iterator[str]:
    yield f"# {MARK}"
    yield "[Unit]"
    yield f"Description={TITLE}"
    yield ""
    yield "[Service]"
    yield "Type=exec"
    yield f"ExecStart={' '.join(map(quote_word, service.command))}"
    yield f"WorkingDirectory={path(service.directory)}"
    yield f"EnvironmentFile=-{path(variables)}"
    yield "UnsetEnvironment=PYTHONPATH PYTHONHOME PYTHONSTARTUP"
    yield "Restart=on-failure"
    yield "RestartSec=5"
    yield f"RestartPreventExitStatus={' '.join(map(str, HOPELESS))}"
    yield "KillMode=mixed"
    yield f"TimeoutStopSec={STOP_SECONDS}"
    yield from PLAIN
    if sandbox:
        yield from SANDBOX
        yield f"ReadWritePaths={' '.join(map(quote_word, map(str, service.written)))}"
    yield ""
    yield "[Install]"
    yield "WantedBy=default.target"


def quote_word(word: str) -> str:
    """A word of a command line or of a list of paths, as systemd reads it."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$").replace("\n", "\\n")
    return text if text == word and shlex.quote(word) == word else f'"{text}"'


def path(one: Path) -> str:
    """A path that has a line to itself, which takes no quotes."""
    return str(one).replace("%", "%%")


def variables_text(service: Definition) -> str:
    """The file of variables, one a line."""
    lines = (f'{name}="{_escape(value)}"' for name, value in sorted(service.environment.items()))
    return "\n".join([f"# {MARK}", *lines]) + "\n"


def _escape(value: str) -> str:
    for special in ("\\", '"', "$", "`"):
        value = value.replace(special, f"\\{special}")
    return value


TAG = "CACHEDIR.TAG"
"""The file by which a cache says what it is: https://bford.info/cachedir/."""

CACHES = ("UV_CACHE_DIR", "PIPX_SHARED_CACHE", "XDG_CACHE_HOME")
HOMES = ((".cache",), ("Library", "Caches"), ("AppData", "Local", "uv", "cache"), ("AppData", "Local", "pipx", "cache"))


def vanishing(prefix: Path, environ: Mapping[str, str], home: Path) -> Path | None:
    """The directory that will be emptied and holds the program; None where it will last.

    An environment of its own may hold the tag too: uv marks each that it makes, so that no backup takes it.
    """
    named = [Path(value) for name in CACHES if (value := environ.get(name))]
    emptied = [Path(tempfile.gettempdir()), *named, *(home.joinpath(*parts) for parts in HOMES)]
    resolved = {one.resolve() for one in emptied}
    for above in prefix.resolve().parents:
        if above in resolved or (above / TAG).is_file():
            return above
    return None
