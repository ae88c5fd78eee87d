"""What a run of a client has cost, in one line."""

from collections.abc import Iterable, Sequence

from passenger.observe.amounts import amount, join_names, premium
from passenger.observe.records import RequestRecord

MOST_NAMED = 3
"""Dropped fields that are named; `passenger explain` names them all."""

FINE = frozenset({"ok", "client_gone"})


def bill(title: str, records: Sequence[RequestRecord]) -> str:
    """`Codex: 42 requests, 1.24 M tokens in (91 % cached), 18 k out, 31.2 credits ($0.31), 1 field dropped (seed)`."""
    if not records:
        return f"{title}: no requests"
    return f"{title}: {', '.join(_parts(records))}"


def _parts(records: Sequence[RequestRecord]) -> Iterable[str]:
    yield count_of(len(records), "request")
    if taken := sum(record.input or 0 for record in records):
        cached = sum(record.cached or 0 for record in records)
        yield f"{short(taken)} tokens in" + (f" ({cached / taken:.0%} cached)".replace("%", " %") if cached else "")
        yield f"{short(sum(record.output or 0 for record in records))} out"
    if any(record.credits is not None for record in records):
        yield amount(sum(record.credits or 0 for record in records))
    if any(record.premium_requests for record in records):
        yield premium(sum(record.premium_requests or 0 for record in records))
    if unknown := sum(record.cost_source == "unknown" for record in records):
        yield f"{count_of(unknown, 'request')} of unknown cost"
    if failed := sum(record.outcome not in FINE for record in records):
        yield f"{failed} failed"
    if dropped := list(dict.fromkeys(name for record in records for name in record.dropped)):
        yield f"{count_of(len(dropped), 'field')} dropped ({join_names(dropped, MOST_NAMED)})"


def count_of(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def short(number: int) -> str:
    """A count in up to three significant digits: `987`, `18 k`, `1.24 M`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            scaled = number / size
            return f"{scaled:.2f} {letter}" if letter == "M" and scaled < 10 else f"{scaled:.0f} {letter}"
    return str(number)
