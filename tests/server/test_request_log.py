"""The last requests and the totals."""

import os

import pytest
from msgspec.structs import fields

from passenger.account.principal import ANYONE
from passenger.chat.cost import Cost
from passenger.chat.events import Usage
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.observe.records import RequestRecord, Totals
from passenger.server.request_log import SLOTS, RequestLog, SharedLog


def ended(**usage: int) -> Exchange:
    exchange = Exchange("POST", "/v1/chat/completions", b"curl/8", ANYONE, is_question=True, received=1.0)
    exchange.usage, exchange.cost = Usage(**usage), Cost("upstream", 7)
    exchange.complete()
    exchange.ended = exchange.started
    return exchange


def test_only_the_last_are_kept_and_all_are_counted() -> None:
    times = iter(range(10_000))
    log = RequestLog(lambda: float(next(times)))
    for _ in range(SLOTS + 5):
        log.note(ended(input=10, output=2, cached=4))
    failed = Exchange("POST", "/x", principal=ANYONE)
    failed.fail(Failure(Kind.INVALID, "no"))
    failed.ended = failed.started
    log.note(failed)
    records, totals = log.records(), log.totals()
    assert [record.ended for record in records] == [float(number) for number in range(6, SLOTS + 6)]
    assert (totals.requests, totals.failed, totals.input, totals.cached) == (SLOTS + 6, 1, 2050, 820)
    assert (totals.output, totals.nano_credits) == (410, 7 * 205)
    assert log.records(since=SLOTS + 4.0) == [records[-1]]
    assert records[0].client == "curl"


def test_pages_and_who_was_not_let_in_are_left_out() -> None:
    log = RequestLog(lambda: 1.0)
    page, refused = Exchange("GET", "/health", principal=ANYONE), Exchange("POST", "/v1/messages")
    page.complete()
    refused.fail(Failure(Kind.LOGIN, "no key"))
    for one in (page, refused):
        one.ended = one.started
        log.note(one)
    assert (list(log.records()), log.totals().requests) == ([], 0)


def test_workers_tell_of_each_other_and_a_new_one_goes_on_where_the_old_one_ended() -> None:
    shared = SharedLog(2)
    times = iter(range(100))
    first, second = (RequestLog(lambda: float(next(times)), shared, number) for number in (0, 1))
    first.note(ended(input=1))
    second.note(ended(input=2))
    assert first.totals().requests == 1  # the other one has not shared yet
    assert [record.input for record in second.records()] == [1, 2]
    again = RequestLog(lambda: float(next(times)), shared, 0)
    again.note(ended(input=3))
    assert [record.input for record in again.records()] == [1, 2, 3]
    assert again.totals().requests == 3


# --- shared log -------------------------------------------------------------------------------------------------------


def record(number: int, **more: object) -> RequestRecord:
    return RequestRecord(f"id-{number}", float(number), "POST", "/", "c", "u", 200, "ok", 0.1, **more)  # type: ignore[arg-type]


def test_the_last_records_of_each_worker_are_kept() -> None:
    shared = SharedLog(2)
    for number in range(SLOTS + 50):
        shared.write(0, record(number))
    shared.write(1, record(9999))
    found = {one.id for one in shared.records()}
    assert found == {"id-9999", *(f"id-{number}" for number in range(50, SLOTS + 50))}


def test_another_process_reads_what_one_has_written() -> None:
    shared = SharedLog(2)
    totals = tuple(range(1, len(fields(Totals)) + 1))
    pid = os.fork()
    if not pid:
        try:
            shared.write(1, record(7))
            shared.write_totals(1, totals)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert [one.id for one in shared.records()] == ["id-7"]
    assert shared.all_totals() == [(0,) * len(totals), totals]


def test_a_record_that_is_read_while_it_is_written_is_passed_over() -> None:
    shared = SharedLog(1)
    shared.write(0, record(1))
    shared.write(0, record(2))
    place = shared._place(0, 0)
    shared._memory[place + 40] ^= 1
    assert [one.id for one in shared.records()] == ["id-2"]


def test_a_record_that_is_too_long_loses_its_lists() -> None:
    shared = SharedLog(1)
    shared.write(0, record(1, dropped=["x" * 300] * 20, error_message="why"))
    (one,) = shared.records()
    assert (one.id, list(one.dropped), one.error_message) == ("id-1", [], "why")


@pytest.mark.parametrize("text", ["\x01" * 300, "\U0001f600" * 300, '"' * 300], ids=["control", "emoji", "quotes"])
def test_a_record_is_told_however_long_its_texts_are(text: str) -> None:
    texts = {"asked": text, "model": text, "route": text, "error_message": text, "upstream": text, "error_code": text}
    shared = SharedLog(1)
    shared.write(0, record(1, **texts, input=7))
    shared.write(0, record(2))
    first, second = shared.records()
    assert (first.id, first.input, first.asked is None, second.id) == ("id-1", 7, False, "id-2")
