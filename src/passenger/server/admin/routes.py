"""The routes of the administration. Browsers get no CORS headers here: no page of another site administers a team."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from passenger.config.seat_files import remove_seat
from passenger.errors import Failure, Kind
from passenger.server.admin.call import AdminAnswer, AdminCall, TeamPlaces
from passenger.server.admin.changes import answer_once, etag_of
from passenger.server.admin.problems import problem
from passenger.server.admin.resources import READS, WRITES
from passenger.server.guard import check_media_type, principal_of
from passenger.server.scope import exchange_of
from passenger.team.team_file import change_existing, look_up

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

ROOT = "/v1/passenger"

OWN_PATHS = ("/me", "/usage")
"""What `own` has pages for."""

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

LARGEST_BODY = 65_536
"""Bytes of a body."""

AdminHandler = Callable[[AdminCall], AdminAnswer]
"""Waits for the disk: it runs in a thread."""


def admin_routes(places: TeamPlaces) -> list[Route]:
    """The routes, by path."""
    methods: dict[str, dict[str, AdminHandler]] = {}
    for path, read in READS.items():
        methods.setdefault(path, {})["GET"] = _for_administrators(_reading(places.team, read))
    for (method, path), write in WRITES.items():
        methods.setdefault(path, {})[method] = _for_administrators(_writing(places.team, write))
    for path in OWN_PATHS:
        methods.setdefault(path, {})["GET"] = _own(places, path)
    return [Route(ROOT + path, _serve(answers), methods=METHODS) for path, answers in methods.items()]


def _reading(team: Path, read: "Callable[[sqlite3.Connection, AdminCall], AdminAnswer]") -> AdminHandler:
    return lambda call: look_up(team, lambda database: read(database, call))


def _writing(team: Path, write: "Callable[[sqlite3.Connection, AdminCall], AdminAnswer]") -> AdminHandler:
    def answer(call: AdminCall) -> AdminAnswer:
        answered = change_existing(team, lambda database: answer_once(database, call, write))
        if answered.removed_seat:
            try:
                remove_seat(team.parent, answered.removed_seat)
            except OSError as error:
                log.warning("the files of the seat of somebody who was removed stay: %s", error)
        return answered

    return answer


def _own(places: TeamPlaces, path: str) -> AdminHandler:
    def answer(call: AdminCall) -> AdminAnswer:
        from passenger.server.admin.own import OWN_PAGES  # noqa: PLC0415 - it loads SQLite

        return OWN_PAGES[path](places, call)

    return answer


def _for_administrators(answer: AdminHandler) -> AdminHandler:
    def check(call: AdminCall) -> AdminAnswer:
        if call.principal.role != "admin":
            message = "this wants a key for administration (`passenger keys create NAME --admin`)"
            raise Failure(Kind.FORBIDDEN, message, code="not_for_members")
        return answer(call)

    return check


def _serve(answers: dict[str, AdminHandler]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            if request.method not in answers:
                raise _wrong_method(request.method, answers)
            call = await _read(request)
            answer = await asyncio.to_thread(answers[request.method], call)
        except Failure as failure:
            exchange_of(request.scope).fail(failure)
            return problem(failure)
        content = msgspec.json.encode(answer.content)
        headers = {"cache-control": "no-store", "etag": etag_of(msgspec.Raw(content))}
        return Response(content, answer.status, headers, "application/json")

    return serve


def _wrong_method(method: str, answers: Iterable[str]) -> Failure:
    allowed = ", ".join(sorted(answers))
    message = f"{method} is not understood here, but {allowed}"
    return Failure(Kind.INVALID, message, status=405, code="method_not_allowed", headers=(("allow", allowed),))


async def _read(request: Request) -> AdminCall:
    """The request; a body that is too large, or no JSON, is refused."""
    headers = request.headers
    body = bytearray()
    if request.method != "GET":
        check_media_type(request.url.path, dict(request.scope["headers"]))
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST_BODY:
                    message = f"a body has {LARGEST_BODY} bytes at most here"
                    raise Failure(Kind.TOO_LARGE, message, code="request_too_large")
        except ClientDisconnect:
            raise Failure(Kind.INVALID, "the client has gone", code="client_gone") from None
    return AdminCall(
        principal=principal_of(request.scope),
        method=request.method,
        path=request.url.path,
        parameters=request.path_params,
        query=dict(request.query_params),
        body=bytes(body),
        if_match=headers.get("if-match"),
        idempotency_key=headers.get("idempotency-key"),
        now=time.time(),
    )
