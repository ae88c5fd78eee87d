"""The canary sweep: what every process of the suite said, at debug level, is searched for the secrets it was given.

Each process's words and secrets are written beside each other while the suite runs; when it is over, the last thing
that happens is the search. As a pytest plugin it makes the run fail where it finds anything.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

PLACE = "TESTS_SAID"
"""The environment variable with the directory; the processes of xdist inherit it."""

LEVEL = "trace"


class Record:
    """What one process said, and the secrets that it must not say."""

    def __init__(self) -> None:
        directory = os.environ.get(PLACE)
        self._path = Path(tempfile.mkstemp(suffix=".said", dir=directory)[1]) if directory else None

    def add(self, text: str) -> None:
        """Note something that it said."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")

    def forbid(self, secrets: Iterable[str]) -> None:
        """Note secrets that it was given."""
        if self._path is not None:
            with self._path.with_suffix(".secrets").open("a", encoding="utf-8") as file:
                file.writelines(f"{secret}\n" for secret in secrets)


def sweep(directory: Path) -> tuple[int, int, list[str]]:
    """How many processes said how many bytes, and which of their secrets were found where."""
    found: list[str] = []
    size = processes = 0
    for said in sorted(directory.glob("*.said")):
        text = said.read_text(encoding="utf-8")
        size, processes = size + len(text), processes + 1
        secrets = said.with_suffix(".secrets")
        lines = set(secrets.read_text(encoding="utf-8").splitlines()) if secrets.exists() else set()
        found += [f"{said.name}: a secret of {len(secret)} characters" for secret in lines if secret in text]
    return processes, size, found


# --- the plugin --------------------------------------------------------------------------------------------------


class _Sweeper:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._result: tuple[int, int, list[str]] = (0, 0, [])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._result = sweep(self._directory)
        if self._result[2]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            shutil.rmtree(self._directory, ignore_errors=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        processes, size, found = self._result
        words = f"canary sweep: {processes} processes said {size:,} characters, {len(found)} secrets were in them"
        terminalreporter.write_line(words, red=bool(found), green=not found)
        for one in found:
            terminalreporter.write_line(f"  {self._directory}/{one}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, in the process that all others come from."""
    if not hasattr(config, "workerinput"):
        os.environ[PLACE] = tempfile.mkdtemp(prefix="passenger-said-")
        config.pluginmanager.register(_Sweeper(Path(os.environ[PLACE])))
