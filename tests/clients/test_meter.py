"""The requests of one run."""

from collections.abc import Sequence

import pytest

from passenger.clients.meter import Meter
from passenger.control.client import ServerError
from passenger.control.records import RequestRecord
from tests.clients.test_bill import record


@pytest.mark.parametrize(("tag", "expected"), [("aa", ["1"]), (None, ["1", "2"])])
def test_it_counts_those_with_the_tag_or_where_there_is_none_all_but_our_own(
    tag: str | None, expected: list[str]
) -> None:
    records = [record(id="1", tag="aa"), record(id="2", tag="bb"), record(id="3", user_agent="passenger-launch/1")]
    with Meter(lambda _: records, 0.0, tag) as meter:
        meter.look()
    assert [one.id for one in meter.records] == expected


def test_what_the_server_has_forgotten_by_the_end_is_still_there() -> None:
    answers: list[Sequence[RequestRecord]] = [
        [record(id="1", tag="a", ended=5.0)],
        [record(id="2", tag="a", ended=9.0)],
    ]
    asked: list[float | None] = []

    def requests(since: float | None) -> Sequence[RequestRecord]:
        asked.append(since)
        return answers[len(asked) - 1]

    with Meter(requests, 1.0, "a") as meter:
        meter.look()
    assert [one.id for one in meter.records] == ["1", "2"]
    assert asked == [1.0, 4.0]


def test_a_server_that_is_gone_has_nothing_new() -> None:
    def requests(_: float | None) -> Sequence[RequestRecord]:
        raise ServerError("gone")

    with Meter(requests, 0.0, "a") as meter:
        pass
    assert meter.records == []
