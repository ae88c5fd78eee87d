"""`python -m stress NAME`: put a real Passenger process under stress, print what it took, fail on what must hold."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args

from benchmarks.process import NotStartedError

from stress import cancel, slow_reader, slowloris, soak, sockets, stale, stampede, team, turns
from stress.figures import Report


@dataclass(frozen=True, slots=True)
class Driver:
    """One way to put Passenger under stress; the fields of its plan are its options."""

    plan: type[Any]  # Any: each driver's own dataclass
    run: Callable[[Any], Awaitable[Report]]


DRIVERS = {
    "soak": Driver(soak.Plan, soak.run),
    "slow-reader": Driver(slow_reader.Plan, slow_reader.run),
    "slowloris": Driver(slowloris.Plan, slowloris.run),
    "stampede": Driver(stampede.Plan, stampede.run),
    "cancel": Driver(cancel.Plan, cancel.run),
    "stale": Driver(stale.Plan, stale.run),
    "sockets": Driver(sockets.Plan, sockets.run),
    "turns": Driver(turns.Plan, turns.run),
    "team": Driver(team.Plan, team.run),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one driver; exit code 1 where an invariant is broken."""
    options = vars(_parser().parse_args(arguments))
    driver = DRIVERS[options.pop("name")]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to stop, end the children as Ctrl-C does
    try:
        report = asyncio.run(_run(driver, driver.plan(**options)))
    except NotStartedError as error:
        print(f"stress: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(report)
    return 1 if report.broken else 0


async def _run(driver: Driver, plan: object) -> Report:
    return await driver.run(plan)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stress", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, driver in DRIVERS.items():
        one = names.add_parser(name, description=driver.plan.__doc__)
        for option in fields(driver.plan):
            kind: Any = option.type if isinstance(option.type, type) else str
            one.add_argument(
                f"--{option.name.replace('_', '-')}",
                type=kind,
                default=option.default,
                choices=get_args(option.type) or None,
                help="(default: %(default)s)",
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
