"""The last requests and the totals."""

from passenger.account.principal import ANYONE
from passenger.chat import Usage
from passenger.errors import Failure, Kind
from passenger.exchange import Exchange
from passenger.web.request_log import RequestLog
from passenger.web.shared_log import SLOTS, SharedLog


def ended(**usage: int) -> Exchange:
    exchange = Exchange("POST", "/v1/chat/completions", b"curl/8", ANYONE, is_question=True, received=1.0)
    exchange.usage = Usage(**usage)
    exchange.complete()
    exchange.ended = exchange.started
    return exchange


def test_only_the_last_are_kept_and_all_are_counted() -> None:
    times = iter(range(10_000))
    log = RequestLog(lambda: float(next(times)))
    for _ in range(SLOTS + 5):
        log.note(ended(input=10, output=2, cached=4, nano_credits=7))
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
