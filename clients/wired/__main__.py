"""`python -m clients.wired`: let Passenger launch the real programs and set them up, and say how it went."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from clients.__main__ import PAGE
from clients.install import NotInstalledError, cache, installed
from clients.programs import TURNS
from clients.revision import revision
from clients.wired.play import launched, set_up, set_up_by_hand
from clients.wired.table import NOTHING, Line, as_markdown, with_lines
from clients.wired.wirings import WIRINGS, Wiring
from passenger.clients.registry import CLIENTS

ALL_TOGETHER = 3600.0
"""Seconds that a whole run may take, installations included."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and write the page where that is asked for; exit code 1 where a client failed."""
    given = _options(arguments)
    wanted = [one for one in WIRINGS if _is_wanted(one, given.names, quick=given.quick)]
    lines = asyncio.run(asyncio.wait_for(_all(wanted, given.cache, given.patience), ALL_TOGETHER))
    print(as_markdown([line.row for line in lines]))
    if given.write:
        PAGE.write_text(with_lines(PAGE.read_text(), lines, [one.program.title for one in WIRINGS]))
    failed = [sentence for line in lines for sentence in line.failures]
    print("\n".join(["", f"{len(lines)} clients, {len(failed)} failures", *failed]))
    return int(bool(failed))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m clients.wired", description=__doc__)
    names = [one.name for one in WIRINGS]
    parser.add_argument("names", nargs="*", metavar="CLIENT", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--quick", action="store_true", help="only those that are cheap to install")
    parser.add_argument("--write", action="store_true", help=f"put these rows into {PAGE.parent.name}/{PAGE.name}")
    parser.add_argument("--cache", type=Path, default=cache(), help="where programs are installed (%(default)s)")
    parser.add_argument("--patience", type=float, default=180.0, help="seconds that one command may take (%(default)s)")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(names) - {turn.program.name for turn in TURNS}:
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    return given


def _is_wanted(wiring: Wiring, names: Sequence[str], *, quick: bool) -> bool:
    """Whether it was asked for, by its own name or its program's."""
    asked = not names or wiring.name in names or wiring.program.name in names
    return asked and (wiring.quick or not quick)


async def _all(wanted: Sequence[Wiring], where: Path, patience: float) -> list[Line]:
    return [await _line(one, where, patience) for one in wanted]


async def _line(wiring: Wiring, where: Path, patience: float) -> Line:
    try:
        command = await installed(wiring.program, where)
    except NotInstalledError as error:
        return _told(wiring, f"not installed: {error}", f"not installed: {error}")
    launch = await launched(wiring, command, patience) if _launches(wiring) else NOTHING
    setup = await (set_up_by_hand if wiring.printed else set_up)(wiring, command, patience)
    print(f"clients: {wiring.name}: launch {launch}; setup {setup}", file=sys.stderr)
    return _told(wiring, launch, setup)


def _launches(wiring: Wiring) -> bool:
    known = CLIENTS.get(wiring.name)
    return wiring.launches and known is not None and known.launch is not None


def _told(wiring: Wiring, launch: str, setup: str) -> Line:
    return Line(
        client=wiring.program.title,
        version=wiring.program.version,
        launch=launch,
        setup=setup,
        day=datetime.now(UTC).date(),
        commit=revision(),
    )


if __name__ == "__main__":
    sys.exit(main())
