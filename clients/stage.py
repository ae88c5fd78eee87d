"""One turn, played: an empty home, Passenger on a simulator of its own, a tap between it and the program."""

import contextlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import filterfalse
from pathlib import Path
from urllib.parse import urlsplit

from tests.proxy import Proxy, profile_of, running

from clients.faults import spoiling
from clients.install import NODE
from clients.process import Ended, run
from clients.refusals import REFUSALS, refusing
from clients.tap import Tap, tapped
from clients.turn import KEY, Command, Setting, Turn
from clients.verdict import Seen
from passenger.simulator import Simulator
from passenger.simulator.recorded import Recorded

GENERATING = ("/chat/completions", "/responses", "/v1/messages")
ENVIRONMENT = {"NO_COLOR": "1", "TERM": "dumb", "CI": "1", "LANG": "C.UTF-8", "DO_NOT_TRACK": "1"}


@dataclass(frozen=True)
class Played:
    """A turn as it was played, for the verdict and for who wants to read on."""

    seen: Seen
    tap: Tap
    log: list[str]


async def play(turn: Turn, model: str, command: Path, seconds: float) -> Played:
    """Play a turn with a model; `command` is the program's path, `seconds` the time that it has."""
    with tempfile.TemporaryDirectory(prefix="passenger-clients-") as name:
        root = Path(name)
        home, work, own = root / "home", root / "work", root / "passenger"
        for directory in (home, work, own):
            directory.mkdir()
        async with Simulator() as simulator, _serving(turn.refusal, simulator, own) as proxy:
            for words, directives in turn.cues.items():
                simulator.cue(words, directives)
            async with (
                _reached(proxy.url, turn.fault) as (host, port),
                tapped(host, port, turn.most) as tap,
                _admitted(turn.refusal, simulator, proxy, tap) as key,
            ):
                setting = Setting(
                    url=tap.url,
                    model=model,
                    home=home,
                    work=work,
                    secret=f"seat-{secrets.token_hex(6)}",
                    packages=command.parent.parent,
                    key=key,
                )
                most = min(turn.patience or seconds, seconds)
                ended = await played(turn.command(setting), command, setting, tap, most)
                return Played(_seen(turn, setting, ended, tap, simulator), tap, proxy.lines)


def _serving(refusal: str, simulator: Simulator, home: Path) -> AbstractAsyncContextManager[Proxy]:
    """Passenger, with the settings that a refusal wants."""
    if not refusal:
        return running(simulator, home)
    return running(simulator, home, config=REFUSALS[refusal].config, env=REFUSALS[refusal].env)


@contextlib.asynccontextmanager
async def _admitted(refusal: str, simulator: Simulator, proxy: Proxy, tap: Tap) -> AsyncIterator[str]:
    """The key that a program shows: any, or that of a team which has no room."""
    if not refusal:
        yield KEY
        return
    team = profile_of(simulator, proxy.home / ".local" / "state" / "passenger") / "team.sqlite"
    async with refusing(REFUSALS[refusal], proxy.url, team, tap) as key:
        yield key


@contextlib.asynccontextmanager
async def _reached(url: str, fault: str) -> AsyncIterator[tuple[str, int]]:
    """The host and port at which Passenger is reached: its own, or those of a relay that spoils what it carries."""
    if fault:
        async with spoiling(url, fault) as place:
            yield place
    else:
        where = urlsplit(url)
        yield where.hostname or "", where.port or 0


async def played(what: Command, command: Path, setting: Setting, tap: Tap, seconds: float) -> Ended:
    """How the last run of a command ended; all of its runs have that many seconds together."""
    setting.note.write_text(f"{setting.secret}\n")
    for path, text in what.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    env = {**environment(setting.home), **what.env}
    end = time.monotonic() + seconds
    for arguments in (what.arguments, *what.then):
        line, left = [str(command), *arguments], end - time.monotonic()
        ended = await run(line, env=env, cwd=setting.work, stdin=what.stdin, seconds=left, enough=tap.full)
        if ended.code != 0:
            break
    return ended


def environment(home: Path) -> dict[str, str]:
    """A program's whole environment: nothing of the user's but where commands are."""
    places = {
        "HOME": home,
        "TMPDIR": home / "tmp",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        "XDG_CACHE_HOME": home / ".cache",
    }
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    path = f"{NODE}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, **ENVIRONMENT, **{name: str(place) for name, place in places.items()}}


def _seen(turn: Turn, setting: Setting, ended: Ended, tap: Tap, simulator: Simulator) -> Seen:
    upstream = [request for request in simulator.requests if request.route in GENERATING]
    carried = [request.route for request in upstream if carries(request, setting.secret)]
    edited = turn.edits in setting.note.read_text() if turn.edits else None
    return Seen(
        ended=ended,
        secret=setting.secret,
        asked=tap.asked(),
        reached=[request.route for request in upstream],
        carried=carried,
        edited=edited,
        missing=[*filterfalse(tap.sent, turn.sends), *filterfalse(tap.got, turn.gets)],
        looped=tap.full.is_set(),
        refused_for=None if tap.refused_at is None else time.monotonic() - tap.refused_at,
    )


def carries(request: Recorded, secret: str) -> bool:
    """Whether a request that Copilot answered well holds the secret."""
    return secret in json.dumps(request.json(), ensure_ascii=False) and request.status == 200
