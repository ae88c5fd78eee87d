"""Workers share their records without a lock."""

import os

import pytest

from passenger.control.records import RequestRecord
from passenger.web.shared_log import SLOTS, SharedLog


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
    pid = os.fork()
    if not pid:
        shared.write(1, record(7))
        shared.write_totals(1, (1, 2, 3, 4, 5, 6))
        os._exit(0)
    os.waitpid(pid, 0)
    assert [one.id for one in shared.records()] == ["id-7"]
    assert shared.all_totals() == [(0,) * 6, (1, 2, 3, 4, 5, 6)]


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
