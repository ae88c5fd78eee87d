"""Changes of a team over HTTP: in one transaction, on the version that the client knows, and once for each key.

`ETag` and `If-Match`: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1. `Idempotency-Key`: the IETF's draft,
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
"""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from passenger.errors import Failure, Kind
from passenger.server.admin.call import AdminAnswer, AdminCall

if TYPE_CHECKING:
    import sqlite3

REMEMBERED = 86_400
"""Seconds for which a request with an `Idempotency-Key` is answered with the answer that it got."""

_LONGEST = 255

ResourceHandler = Callable[["sqlite3.Connection", AdminCall], AdminAnswer]


def etag_of(content: object) -> str:
    """The version of what is shown."""
    return f'"{hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]}"'


def check_version(call: AdminCall, content: object) -> None:
    """See that what is to be changed is what the client knows, if it says what it knows.

    Raises:
        Failure: somebody has changed it meanwhile.
    """
    if call.if_match is None or call.if_match.strip() == "*":
        return
    if etag_of(content) not in [one.strip() for one in call.if_match.split(",")]:
        message = "it was changed meanwhile: read it again, and change that"
        raise Failure(Kind.INVALID, message, status=412, code="version_mismatch")


def answer_once(database: "sqlite3.Connection", call: AdminCall, change: ResourceHandler) -> AdminAnswer:
    """The answer of a change; a request that is sent again with its key gets the same, and changes nothing.

    Raises:
        Failure: the key was used for another request, or the change's own.
    """
    key = call.idempotency_key
    if key is None:
        return change(database, call)
    if not 0 < len(key) <= _LONGEST:
        raise Failure(Kind.INVALID, f"Idempotency-Key has 1 to {_LONGEST} characters", code="bad_idempotency_key")
    digest = hashlib.sha256(msgspec.json.encode([call.principal.key, call.method, call.path, key])).digest()
    database.execute("DELETE FROM answered WHERE at <= ?", (int(call.now) - REMEMBERED,))
    found = database.execute("SELECT body, status, answer FROM answered WHERE digest = ?", (digest,)).fetchone()
    body = hashlib.sha256(msgspec.json.encode([sorted(call.query.items()), call.body])).digest()
    if found is None:
        answer = change(database, call)
        told = answer.content if answer.hidden is None else answer.hidden
        row = (digest, body, answer.status, msgspec.json.encode(told), int(call.now))
        database.execute("INSERT INTO answered (digest, body, status, answer, at) VALUES (?, ?, ?, ?, ?)", row)
        return answer
    if found[0] != body:
        message = "this Idempotency-Key was used for another request"
        raise Failure(Kind.INVALID, message, status=422, code="idempotency_key_reused")
    return AdminAnswer(msgspec.Raw(found[2]), found[1])
