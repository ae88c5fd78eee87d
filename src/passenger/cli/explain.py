"""`passenger explain`: what became of one request that a running server has finished, or which ones there are."""

import time
from collections.abc import Sequence

import click

from passenger.cli import reach
from passenger.cli.exits import FAILED, OK, USAGE
from passenger.cli.invocation import Invocation
from passenger.cli.table import Column, print_facts, print_table
from passenger.control.amounts import span, tokens
from passenger.control.explanation import explain
from passenger.control.money import number
from passenger.control.records import RequestList, RequestRecord

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
"""Characters of an id that nearly always tell it from all others."""


def run(invocation: Invocation, *, request: str | None, as_json: bool) -> int:
    """Explain the request whose id begins so, or list the last ones; exit 1 where no server or no request is found."""
    found = reach.look(*reach.begin(invocation)[:2])
    if found.state != "ours":
        click.echo(f"passenger: {reach.stranger(found) or _NO_SERVER.format(found.server.url)}", err=True)
        return FAILED
    records = reach.ask(found.server.requests)
    if request is None:
        return _list(records, as_json=as_json)
    match [record for record in records if record.id.startswith(request.strip().lower())]:
        case [one]:
            _show(one, as_json=as_json)
            return OK
        case []:
            click.echo(f"passenger: {_UNKNOWN.format(request[:100])}", err=True)
            return FAILED
        case several:
            click.echo(f"passenger: {len(several)} requests begin with {request}: give more of the id", err=True)
            return USAGE


_NO_SERVER = "no server runs at {}; what it knew of its requests ended with it"
_UNKNOWN = "the server knows of no request {!r}; it keeps the last 200"


def _show(record: RequestRecord, *, as_json: bool) -> None:
    if as_json:
        reach.write_json(record)
    else:
        print_facts(explain(record, time.time()))


def _list(records: Sequence[RequestRecord], *, as_json: bool) -> int:
    if as_json:
        reach.write_json(RequestList(records))
    elif not records:
        click.echo("passenger: the server has had no requests yet", err=True)
    else:
        print_table(COLUMNS, [row_of(record, time.time()) for record in records[-LAST:]])
    return OK


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
        "" if record.credits is None else number(record.credits),
    )
