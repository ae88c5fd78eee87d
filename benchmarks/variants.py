"""Passenger and its yardsticks set up otherwise: two workers, TLS to the upstream, 4,000 streams at once."""

import math
import resource
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.contestants import PASSENGER, Contestant, LeftOutError, Stage, passenger_command
from benchmarks.load import Job
from benchmarks.peers import litellm_pair, nginx, nginx_pair, passenger_rs
from benchmarks.workloads import MANY, MANY_STREAMS, ON_DISK, OVER_TLS, PAIRED_TURNS, TWO_WORKERS

Maker = Callable[[], Contestant]

DESCRIPTORS = 2 * MANY_STREAMS + 600
"""Open files that a server needs for that: two a stream, and its own."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A way to set servers up, the jobs that they are given then, by source, and who is made so.

    No round of it is begun after `share` of a run's time, except for the first.
    """

    name: str
    jobs: Mapping[str, Job]
    makers: Sequence[Maker]
    share: float = 0.125


def passenger_pair() -> Contestant:
    """Passenger with two workers.

    Raises:
        LeftOutError: this one cannot have them.
    """
    command = [*PASSENGER.help_command[:-1], "serve", "--help"]
    return paired(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def paired(told: str) -> Contestant:
    """Passenger with two workers, if its help knows them.

    Raises:
        LeftOutError: it does not.
    """
    if "--workers" not in told:
        raise LeftOutError("Passenger with two workers: `passenger serve --help` knows no --workers")
    return replace(PASSENGER, command=lambda stage: [*passenger_command(stage), "--workers", "2"])


def open_files() -> float:
    """How many files a process may have open here at most."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return math.inf if most == resource.RLIM_INFINITY else most


def crowded(make: Maker, open_files: Callable[[], float] = open_files) -> Maker:
    """The same as may serve more streams at once than is its default, where the machine lets it."""

    def made() -> Contestant:
        found, allowed = make(), open_files()
        if allowed < DESCRIPTORS:
            raise LeftOutError(
                f"{found.name} with {MANY_STREAMS:,} streams: a process may open {allowed:,} files here, and needs"
                f" {DESCRIPTORS:,}; `ulimit -Hn {DESCRIPTORS}` as root raises that"
            )
        return replace(found, env={**found.env, "PASSENGER_LIMITS_MAX_REQUESTS": str(2 * MANY_STREAMS)})

    return made


def over_tls(make: Maker) -> Maker:
    """The same with an upstream that speaks TLS, and whose certificate is checked."""

    def made() -> Contestant:
        found = make()
        command = found.command
        assert command is not None

        def secured(stage: Stage) -> Sequence[str]:
            trusting = ["env", f"SSL_CERT_FILE={stage.authority}"] if found.name == "passenger-rs" else []
            return [*trusting, *command(replace(stage, upstream=stage.secure_upstream))]

        return replace(found, command=secured)

    return made


def on_disk(contestant: Contestant) -> Contestant:
    """The same, which keeps conversations on disk."""
    return replace(contestant, env={**contestant.env, "PASSENGER_STATE_KEEP": "disk"})


def _passenger() -> Contestant:
    return PASSENGER


SETUPS = (
    Setup("two workers", TWO_WORKERS, (passenger_pair, nginx_pair)),
    Setup("TLS", OVER_TLS, tuple(map(over_tls, (_passenger, nginx, passenger_rs))), share=0.25),
    Setup("kept on disk", ON_DISK, (lambda: on_disk(PASSENGER),)),
    Setup("kept for two workers", PAIRED_TURNS, (passenger_pair,)),
    Setup(f"{MANY_STREAMS:,} streams", MANY, tuple(map(crowded, (_passenger, nginx, passenger_rs)))),
    Setup(
        f"{MANY_STREAMS:,} streams, two workers",
        {f"{source} pair": job for source, job in MANY.items()},
        tuple(map(crowded, (passenger_pair, nginx_pair))),
    ),
)
PEER_SETUPS = (Setup("two workers of peers", TWO_WORKERS, (litellm_pair,)),)
