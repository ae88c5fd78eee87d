"""The sums of a batch of rows, by day and by session, to be added to those in the ledger."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from passenger.ledger.rows import Row

Sums = tuple[int, ...]
"""Requests, failed, unpriced, estimated, fresh, cache_read, cache_write, output, reasoning, nano, premium requests."""

_Key = tuple[object, ...]


class Batch(NamedTuple):
    """Rows for `usage_day`, for `usage_session` and for `usage_user`: key and sums."""

    days: list[tuple[object, ...]]
    sessions: list[tuple[object, ...]]
    users: list[tuple[object, ...]]


_SHAPE = attrgetter("seat", "client", "model", "session", "user", "key")
_COUNTED = attrgetter("fresh", "cache_read", "cache_write", "output", "reasoning", "nano", "premium_thousandths")


def sum_up(rows: Iterable[Row]) -> Batch:
    """Add rows up by day, client and model, by session where there is one, and by the key of a team's person."""
    days, sessions, users = dict[_Key, Sums](), dict[_Key, Sums](), dict[_Key, Sums]()
    times = dict[_Key, tuple[int, int]]()
    for day, group in groupby(rows, _day):
        for (seat, client, model, session, user, key_id), alike in _by_shape(group).items():
            sums = _sums(alike)
            _add(days, (day, seat, client, model), sums)
            if session:
                key = (day, seat, client, session)
                _add(sessions, key, sums)
                times[key] = _widen(times.get(key), [row.at for row in alike])
            if user:
                _add(users, (day, seat, user, key_id), sums)
    return Batch(
        [(*key, *each) for key, each in days.items()],
        [(*key, *each, *times[key]) for key, each in sessions.items()],
        [(*key, *each) for key, each in users.items()],
    )


def _day(row: Row) -> int:
    return row.day


_Shape = tuple[str, str, str, str, str, str]


def _by_shape(rows: Iterable[Row]) -> Mapping[_Shape, list[Row]]:
    """The rows that are of the same seat, client, model, session, user and key."""
    found: dict[_Shape, list[Row]] = {}
    for row in rows:
        shape = _SHAPE(row)
        if shape in found:
            found[shape].append(row)
        else:
            found[shape] = [row]
    return found


def _sums(rows: list[Row]) -> Sums:
    """What is not known counts as nothing, and a cost that is not known as one that is unpriced."""
    sources = [row.cost_source for row in rows]
    failed = len(rows) - [row.code for row in rows].count("")
    counted = zip(*map(_COUNTED, rows), strict=True)
    return (len(rows), failed, sources.count(None), sources.count("estimated"), *map(_total, counted))


def _total(amounts: Iterable[int | None]) -> int:
    return sum(filter(None, amounts))


def _add(sums: dict[_Key, Sums], key: _Key, more: Sums) -> None:
    before = sums.get(key)
    sums[key] = more if before is None else tuple(map(sum, zip(before, more, strict=True)))


def _widen(before: tuple[int, int] | None, times: list[int]) -> tuple[int, int]:
    first, last = min(times), max(times)
    return (first, last) if before is None else (min(before[0], first), max(before[1], last))
