"""`python -m clients`: install the real programs, let each do a turn of work through Passenger, and say how it went."""

import argparse
import asyncio
import re
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clients.install import NotInstalledError, cache, installed
from clients.programs import TURNS
from clients.report import Line, as_markdown, as_text, failures, merged, rewritten, rows_of
from clients.revision import revision
from clients.stage import Played, play
from clients.turn import Program, Turn
from clients.wired.wirings import WIRINGS

PAGE = Path(__file__).parent.parent / "docs" / "clients.md"
ALL_TOGETHER = 7200.0
"""Seconds that a whole run may take, installations included."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    names: Sequence[str]
    dialects: Sequence[str]
    words: Sequence[str]
    models: Sequence[str]
    quick: bool
    write: bool
    transcripts: Path | None
    cache: Path
    patience: float


WIRED = {wiring.name: wiring.program.name for wiring in WIRINGS}
"""The programs by the names that `passenger launch` has for them; some of them do no turn here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and write the page where that is asked for; exit code 1 where a program failed."""
    options = options_of(arguments)
    lines: list[Line] = []
    stopped = _run(options, lines)
    print(as_text(lines))
    if options.write:
        PAGE.write_text(with_lines(PAGE.read_text(), lines))
    failed = failures(lines)
    print("\n".join(["", f"{len(lines) - len(failed)} passed, {len(failed)} failed", *failed]))
    return stopped if stopped is not None else int(bool(failed))


def with_lines(page: str, lines: Sequence[Line]) -> str:
    """The page with these lines in its table; lines of other turns and models stay."""
    return rewritten(page, as_markdown(merged(rows_of(page), [line.row for line in lines], TURNS)))


def _run(options: Options, lines: list[Line]) -> int | None:
    """Add a line for each turn; the exit code where it was stopped before its end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, end the children as Ctrl-C does
    try:
        asyncio.run(asyncio.wait_for(_all(options, lines), ALL_TOGETHER))
    except TimeoutError:
        _progress(f"not done after {ALL_TOGETHER:.0f} s")
        return 1
    except KeyboardInterrupt:
        return 130
    return None


def options_of(arguments: Sequence[str] | None) -> Options:
    """What the command line says; it ends the process where that is nothing that can be run."""
    names = sorted({turn.program.name for turn in TURNS})
    parser = argparse.ArgumentParser(prog="python -m clients", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--dialect", dest="dialects", action="append", default=[], help="only this dialect; repeatable")
    parser.add_argument("--told", dest="words", action="append", default=[], help="only where the table says this word")
    parser.add_argument("--model", dest="models", action="append", default=[], help="this model instead; repeatable")
    parser.add_argument(
        "--quick", action="store_true", help="each program and dialect with its most natural model only"
    )
    parser.add_argument("--write", action="store_true", help=f"put these rows into {PAGE.parent.name}/{PAGE.name}")
    parser.add_argument("--transcripts", type=Path, help="keep what went over the wire of each turn in this directory")
    parser.add_argument("--cache", type=Path, default=cache(), help="where programs are installed (%(default)s)")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds that one turn may take (%(default)s)")
    given = parser.parse_args(arguments)
    given.names = [WIRED.get(name, name) for name in given.names]
    if unknown := set(given.names) - {*names, *WIRED.values()}:
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    return Options(**vars(given))


def chosen(turns: Sequence[Turn], options: Options) -> list[tuple[Turn, str]]:
    """The turns that are to be played, each with its model."""
    found = [
        turn
        for turn in turns
        if (not options.names or turn.program.name in options.names)
        and (not options.dialects or turn.dialect in options.dialects)
        and all(word in turn.told for word in options.words)
    ]
    return [(turn, model) for turn in found for model in _models(turn, options)]


def _models(turn: Turn, options: Options) -> Sequence[str]:
    return options.models or (turn.models[:1] if options.quick else turn.models)


async def _all(options: Options, lines: list[Line]) -> None:
    wanted = chosen(TURNS, options)
    commands = {program.name: await _command(program, options.cache) for program in _programs(wanted)}
    for turn, model in wanted:
        lines.append(await _line(turn, model, commands[turn.program.name], options))


def _programs(wanted: Sequence[tuple[Turn, str]]) -> list[Program]:
    return list({turn.program.name: turn.program for turn, _ in wanted}.values())


async def _command(program: Program, where: Path) -> Path | NotInstalledError:
    try:
        return await installed(program, where)
    except NotInstalledError as error:
        _progress(f"{program.title} {program.version} cannot be installed: {error}")
        return error


async def _line(turn: Turn, model: str, command: Path | NotInstalledError, options: Options) -> Line:
    if isinstance(command, NotInstalledError):
        return _told(turn, model, f"not installed: {command}")
    began = time.monotonic()
    played = await play(turn, model, command, options.patience)
    result = turn.judge(played.seen)
    line = _told(turn, model, result, played.seen.carried or played.seen.reached)
    took = time.monotonic() - began
    _progress(f"{turn.program.title}, {turn.dialect}, {model}, {turn.told}: {result} ({took:.0f} s)")
    if options.transcripts is not None:
        _keep(played, options.transcripts / f"{_name(turn, model)}.txt")
    return line


def _name(turn: Turn, model: str) -> str:
    return re.sub(r"[^\w.]+", "-", f"{turn.program.name} {turn.dialect} {model} {turn.told}").strip("-")


def _told(turn: Turn, model: str, result: str, reached: Sequence[str] = ()) -> Line:
    return Line(
        program=turn.program.title,
        version=turn.program.version,
        dialect=turn.dialect,
        model=model,
        reached=reached,
        told=turn.told,
        result=result,
        day=datetime.now(UTC).date(),
        commit=revision(),
    )


def _keep(played: Played, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ended = played.seen.ended
    said = f"exit {ended.code}\n===== STDOUT\n{ended.stdout}\n===== STDERR\n{ended.stderr}\n===== LOG\n"
    path.write_bytes((said + "\n".join(played.log)).encode() + b"\n" + played.tap.transcript())


def _progress(text: str) -> None:
    print(f"clients: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
