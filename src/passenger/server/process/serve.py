"""Serves a gateway on sockets, as the settings say, until a signal comes."""

import functools
import gc
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from passenger.config.loading import Loaded
from passenger.gateway import Gateway, Seat
from passenger.limits import Limits
from passenger.net.hosts import read_host
from passenger.secret import Secret
from passenger.server.admin.call import TeamPlaces
from passenger.server.api_keys import ApiKeys, KeyFile
from passenger.server.app import create_app
from passenger.server.control.handshake import Identity
from passenger.server.guard import Guard
from passenger.server.health import Readiness
from passenger.server.inflight import InflightRequests
from passenger.server.login_gate import LoginGate
from passenger.server.pages.join import JoinPages
from passenger.server.process.allocator import give_back
from passenger.server.process.exit_codes import INTERRUPTED, OK
from passenger.server.process.listen import reaches_beyond
from passenger.server.process.server import Server
from passenger.server.process.worker import WorkerServer, WorkerSlot
from passenger.server.request_log import RequestLog, SharedLog
from passenger.server.request_path import Patience, RequestPath
from passenger.team.joining import Joining
from passenger.team.key_source import KeySource

if TYPE_CHECKING:
    from passenger.ledger.usage_report import ReadSpent


@dataclass(frozen=True, slots=True)
class Worker:
    """One of several processes that serve side by side: its place among them, and the log that all of them share."""

    place: WorkerSlot
    log: SharedLog


async def serve(
    loaded: Loaded,
    gateway: Gateway,
    seat: Seat,
    sockets: list[socket.socket],
    identity: Identity,
    *,
    unsaved: Callable[[], str | None] = lambda: None,
    ledger: Callable[[], str | None] = lambda: None,
    spent: "ReadSpent" = lambda: None,
    team: KeySource | None = None,
    joining: Joining | None = None,
    places: TeamPlaces | None = None,
    worker: Worker | None = None,
    on_listening: Callable[[], None] = lambda: None,
    on_secret: Callable[[Secret], None] = lambda _: None,
) -> int:
    """Serve on these sockets until a signal comes: exit 0 on SIGTERM, 130 on Ctrl-C.

    `unsaved` names the token file that could not be written, `ledger` tells what is wrong with the ledger, `spent`
    reads from it, `team` has the keys of people, `joining` makes the logins of those who join, `places` are the files
    that are administered. `on_secret` gets the keys of a file of keys, to redact them. A `worker` has its share of the
    limits, and stops as its supervisor says.
    """
    place, guard = worker.place if worker else None, make_guard(loaded, on_secret, team)
    states = place.worker_states if place else None
    limits = loaded.config.limits.divided(states.workers if states else 1)
    inflight = InflightRequests(limits.max_requests, limits.max_body_memory)
    readiness = Readiness(
        seat,
        unsaved,
        worker_states=states,
        keys=lambda: guard.trouble,
        ledger=ledger,
        state=gateway.store.trouble,
        limits=gateway.admissions.trouble,
        has_team=lambda: guard.ring() is not None,
    )
    app = _make_app(
        loaded,
        gateway,
        readiness,
        guard,
        spent,
        inflight=inflight,
        limits=limits,
        identity=identity,
        worker=worker,
        joining=joining,
        places=places,
    )
    server = (functools.partial(WorkerServer, place) if place else Server)(
        app,
        readiness,
        inflight,
        limits=limits,
        drain_timeout=loaded.config.server.drain_timeout,
        on_listening=on_listening,
        on_refused=app.record_refused,
        upgrade=app.sockets.upgrade if app.sockets else None,
    )
    _spare_memory()
    if place is None:  # the tokenizer of each worker would take its own memory
        gateway.counter.warm(lambda: not len(inflight) and app.rests)
    await server.serve(sockets)
    return INTERRUPTED if server.stopped_by is signal.SIGINT else OK


def _make_app(
    loaded: Loaded,
    gateway: Gateway,
    readiness: Readiness,
    guard: Guard,
    spent: "ReadSpent",
    *,
    inflight: InflightRequests,
    limits: Limits,
    identity: Identity,
    worker: Worker | None,
    joining: Joining | None,
    places: TeamPlaces | None,
) -> RequestPath:
    seat, upstream, awaits_login = readiness.seat, loaded.config.upstream, loaded.config.server.await_login
    return create_app(
        gateway,
        readiness,
        inflight,
        guard,
        limits=limits,
        patience=Patience(upstream.commit_after, upstream.keep_alive),
        identity=identity,
        log=RequestLog(time.time, worker.log, worker.place.number) if worker else RequestLog(time.time),
        login=seat.device_login,
        gate=LoginGate(lambda: readiness.has_team() or readiness.is_usable(), seat.log_in) if awaits_login else None,
        named=loaded.config.clients.model,
        spent=spent,
        websocket=loaded.config.server.websocket,
        join=_make_join_pages(loaded, joining) if joining else None,
        places=places,
    )


def _make_join_pages(loaded: Loaded, joining: Joining) -> JoinPages:
    contact = loaded.config.team.contact or "whoever runs this server"
    return JoinPages(joining, loaded.config.server.public_url, contact, time.time)


def make_guard(
    loaded: Loaded, on_secret: Callable[[Secret], None] = lambda _: None, team: KeySource | None = None
) -> Guard:
    """Who is let in, as the settings say; `on_secret` gets each key that a file of keys brings."""
    server = loaded.config.server

    def note(keys: tuple[Secret, ...]) -> None:
        for key in keys:
            on_secret(key)

    file = KeyFile(Path(server.api_key_file), on_keys=note) if server.api_key_file else None
    public = urlsplit(server.public_url).netloc
    named = [host for host in (read_host(server.host.encode()), read_host(public.encode())) if host is not None]
    return Guard(
        ApiKeys(server.api_keys, file),
        team=team,
        hosts=[*server.allowed_hosts, *named],
        origins=server.allowed_origins,
        exposed=reaches_beyond(server.host, server.port),
    )


def _spare_memory() -> None:
    """Let memory go back, and the garbage collector look at what requests leave behind alone.

    Its young rounds are 14 times as seldom as by default; both together take a tenth off the CPU time of a small
    request. Full rounds come as often as by default among those: whatever is kept only by a circle waits for one.
    """
    give_back()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
