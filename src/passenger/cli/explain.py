"""`passenger explain`: what became of one request that a running server has finished, or which ones there are."""

import time
from collections.abc import Sequence

from passenger.cli import reach
from passenger.cli.outcome import complain
from passenger.cli.table import Column, print_facts, print_table
from passenger.config.invocation import Invocation
from passenger.observe.amounts import credit_number, span, tokens
from passenger.observe.explanation import explain
from passenger.observe.records import RequestList, RequestRecord
from passenger.server.process.exit_codes import OK, USAGE

LAST = 20
"""Requests that are listed."""

COLUMNS = (
    Column("request"),
    Column("ago", is_number=True),
    Column("client"),
    Column("model"),
    Column("status", is_number=True),
    Column("in", is_number=True),
    Column("out", is_number=True),
    Column("credits", is_number=True),
)

SHORT = 8
"""Characters of an id that are nearly always unique."""


def run(invocation: Invocation, *, request: str | None, as_json: bool) -> int:
    """Explain the request whose id begins so, or list the last ones; exit 1 where no server or no request is found."""
    found = reach.look(*reach.begin(invocation)[:2])
    if found.state != "ours":
        return complain(reach.stranger(found) or _NO_SERVER.format(found.server.url))
    records = reach.ask(found.server.requests)
    if request is None:
        return _list(records, as_json=as_json)
    match [record for record in records if record.id.startswith(request.strip().lower())]:
        case [one]:
            if as_json:
                reach.write_json(one)
            else:
                print_facts(explain(one, time.time()))
            return OK
        case []:
            return complain(_UNKNOWN.format(request[:100]))
        case several:
            return complain(f"{len(several)} requests begin with {request}: give more of the id", USAGE)


_NO_SERVER = "no server runs at {}; what it knew of its requests ended with it"
_UNKNOWN = "the server knows of no request {!r}; it keeps the last 200"


def _list(records: Sequence[RequestRecord], *, as_json: bool) -> int:
    if as_json:
        reach.write_json(RequestList(records))
    elif not records:
        complain("the server has had no requests yet")
    else:
        print_table(COLUMNS, [row_of(record, time.time()) for record in records[-LAST:]])
    return OK


def _cost(record: RequestRecord) -> str:
    """Its credits, or the premium requests that it cost."""
    if record.credits is not None:
        return credit_number(record.credits)
    return "" if record.premium_requests is None else f"{record.premium_requests:g} req"


def row_of(record: RequestRecord, now: float) -> tuple[str, ...]:
    """A request's row."""
    return (
        record.id[:SHORT],
        span(now - record.ended),
        record.client,
        record.model or record.asked or "",
        str(record.status),
        "" if record.input is None else tokens(record.input),
        "" if record.output is None else tokens(record.output),
        _cost(record),
    )
