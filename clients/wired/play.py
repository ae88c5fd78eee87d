"""A client launched, and one set up, proved, set up again and undone, in an empty home on a simulator of its own."""

import contextlib
import json
import os
import re
import secrets
import shlex
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.proxy import Proxy, running

from clients.process import Ended, run
from clients.stage import GENERATING, carries, environment
from clients.tap import Asked
from clients.turn import NOTE
from clients.verdict import PASSED, last_words, plain, refused
from clients.wired.wirings import Wiring
from passenger.clients.registry import SETUPS
from passenger.simulator import Simulator

CACHES = {".cache", "cache", ".npm", "logs"}
STATE = ".local/state/passenger"
"""Where Passenger keeps what is its own, below the home directory."""


@dataclass(frozen=True)
class Bed:
    """A home in which a server of the user's own serves, and a working directory."""

    home: Path
    work: Path
    simulator: Simulator
    proxy: Proxy
    command: Path
    wiring: Wiring
    patience: float

    @property
    def port(self) -> str:
        """The server's port."""
        return self.proxy.url.rpartition(":")[2]

    async def passenger(self, *arguments: str) -> Ended:
        """Run one of our commands, with the program first on PATH."""
        ours = [sys.executable, "-P", "-m", "passenger", "-c", str(self.home / "settings.toml"), "--port", self.port]
        return await self.typed(*ours, *arguments)

    async def typed(self, *command: str) -> Ended:
        """Run a command as the user would type it, with the program first on PATH."""
        env = {**environment(self.home), **self.wiring.env}
        env["PATH"] = f"{self.command.parent}{os.pathsep}{env['PATH']}"
        return await run(command, env=env, cwd=self.work, seconds=self.patience)

    async def launch(self, prompt: str) -> Ended:
        """Let `passenger launch` run the program for a prompt."""
        return await self.passenger(
            "launch", self.wiring.name, "--model", self.wiring.model, "--", *self.wiring.asks(prompt)
        )


@contextlib.asynccontextmanager
async def bed(wiring: Wiring, command: Path, patience: float) -> AsyncIterator[Bed]:
    """The user's files are there, and the server runs."""
    with tempfile.TemporaryDirectory(prefix="passenger-wired-") as name:
        home, work = _made(Path(name), wiring.seeds)
        async with Simulator() as simulator, running(simulator, home) as proxy:
            yield Bed(home, work, simulator, proxy, command, wiring, patience)


def _made(root: Path, seeds: Mapping[str, str]) -> tuple[Path, Path]:
    """A home with the user's files, and a working directory."""
    home, work = root / "home", root / "work"
    work.mkdir()
    for place, text in seeds.items():
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_bytes(text.encode())
    home.mkdir(exist_ok=True)
    return home, work


# --- launch ------------------------------------------------------------------------------------------------------


async def launched(wiring: Wiring, command: Path, patience: float) -> str:
    """What became of `passenger launch`: the program says a word, and another that its own tool reads in a file."""
    async with bed(wiring, command, patience) as one:
        before, word = seen(one.home, wiring.seeds), new_word()
        if wrong := judged(one, await one.launch(saying(word)), word):
            return wrong
        if wiring.reads and (wrong := await _reading(one)):
            return f"read {NOTE}: {wrong}"
        return changed(before, seen(one.home, wiring.seeds)) or PASSED


async def _reading(one: Bed) -> str:
    """What is wrong with the words of the demo, "" where nothing is."""
    word = new_word()
    (one.work / NOTE).write_text(f"{word}\n")
    return judged(one, await one.launch(f"Please read {NOTE}"), word)


def new_word() -> str:
    """A word that nobody has said yet."""
    return f"seat-{secrets.token_hex(6)}"


def saying(word: str) -> str:
    """A prompt to which the simulated model says the word."""
    return f"Please say it. [[say the word is {word}]]"


def judged(one: Bed, ended: Ended, word: str) -> str:
    """What is wrong with a run that should have said the word, "" where nothing is."""
    if ended.code != 0:
        return f"{'no end in time' if ended.code is None else f'exit code {ended.code}'}: {last_words(ended)}"
    if not any(carries(request, word) for request in one.simulator.requests if request.route in GENERATING):
        return f"nothing reached Copilot: {last_words(ended)}"
    if word not in plain(ended.stdout):
        return f"the answer is not shown: {last_words(ended)}"
    wrong = refused(requests_of(one.proxy))
    return f"it was refused: {', '.join(map(str, wrong))}" if wrong else ""


def requests_of(proxy: Proxy) -> Sequence[Asked]:
    """What the server says that it was asked."""
    with urllib.request.urlopen(f"{proxy.url}/v1/passenger/requests", timeout=30) as answer:  # noqa: S310 - our own server
        records = json.load(answer)["requests"]
    return [Asked(one["method"], one["path"], one["status"]) for one in records]


# --- setup -------------------------------------------------------------------------------------------------------


async def set_up(wiring: Wiring, command: Path, patience: float) -> str:
    """What became of `passenger setup`, and of the same with `--default` where there is that."""
    result = await set_up_so(wiring, command, patience)
    if result != PASSED or SETUPS[wiring.name].default is None:
        return result
    default = await set_up_so(wiring, command, patience, "--default")
    return f"{PASSED} (and with --default)" if default == PASSED else f"--default: {default}"


async def set_up_so(wiring: Wiring, command: Path, patience: float, *flags: str) -> str:
    """What became of a setup: written and proved, written again, taken back."""
    flags = ("--write", "--yes", "--model", wiring.model, *flags)
    async with bed(wiring, command, patience) as one:
        before = tree(one.home)
        first = await one.passenger("setup", wiring.name, *flags)
        if first.code != 0:
            return _ended("setup", first)
        written = {path: text for path, text in tree(one.home).items() if f":{one.port}".encode() in text}
        again = await one.passenger("setup", wiring.name, *flags)
        if again.code != 0 or (found := changed(written, seen(one.home, written))):
            return _ended("a second setup", again) if again.code != 0 else f"a second setup: {found}"
        undo = await one.passenger("setup", wiring.name, "--undo", "--yes")
        if undo.code != 0:
            return _ended("undo", undo)
        ours = {path: before[path] for path in (*written, *wiring.seeds) if path in before}
        left = changed(ours, {path: text for path, text in tree(one.home).items() if path in {*written, *wiring.seeds}})
        return f"undo: {left}" if left else PASSED if written else f"nothing names the server: {last_words(first)}"


async def set_up_by_hand(wiring: Wiring, command: Path, patience: float) -> str:
    """What became of the lines that `passenger setup` prints, once they are run in a shell and the program asked."""
    async with bed(wiring, command, patience) as one:
        told = await one.passenger("setup", wiring.name, "--model", wiring.model)
        if told.code != 0:
            return _ended("setup", told)
        found = re.search(wiring.printed, told.stdout, re.MULTILINE | re.DOTALL)
        if found is None:
            return f"setup prints no such lines: {last_words(told)}"
        word = new_word()
        asked = [*(wiring.typed or (wiring.program.command,)), *wiring.asks(saying(word))]
        script = f"set -e\n{found[0]}\n{shlex.join(asked)}\n"
        return judged(one, await one.typed("bash", "-c", script), word) or f"{PASSED} (the lines it prints)"


def _ended(what: str, ended: Ended) -> str:
    return f"{what} {'did not end' if ended.code is None else f'ended with {ended.code}'}: {last_words(ended)}"


# --- files -------------------------------------------------------------------------------------------------------


Files = Mapping[str, bytes]


def tree(home: Path) -> Files:
    """The files below a home by their place in it, but for Passenger's own, the settings and what may be lost."""
    return {
        place: path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.is_symlink() and _counts(place := path.relative_to(home).as_posix())
    }


def _counts(place: str) -> bool:
    inner = place.split("/")
    return place != "settings.toml" and not place.startswith((STATE, "tmp/")) and not CACHES.intersection(inner)


def seen(home: Path, places: Mapping[str, object]) -> Files:
    """These files, as far as they are there."""
    return {place: (home / place).read_bytes() for place in places if (home / place).is_file()}


def changed(before: Files, after: Files) -> str:
    """The files that differ, as a sentence; "" where none does."""
    differ = [place for place in {**before, **after} if before.get(place) != after.get(place)]
    return f"{', '.join(differ)} changed" if differ else ""
