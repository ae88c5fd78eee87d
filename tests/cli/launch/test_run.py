"""What a run gives its client, and says of a model that does not answer; the rest is seen in `test_launch.py`."""

from collections.abc import Sequence

import pytest

from passenger.cli.launch.run import RequestMeter, remedy
from passenger.cli.launch.run import environment as environment_of
from passenger.clients.plan import Plan
from passenger.observe.records import RequestRecord
from passenger.server.control.client import ServerError
from tests.clients.test_bill import record


@pytest.mark.parametrize(("tag", "expected"), [("aa", ["1"]), (None, ["1", "2"])])
def test_it_counts_those_with_the_tag_or_where_there_is_none_all_but_our_own(
    tag: str | None, expected: list[str]
) -> None:
    records = [record(id="1", tag="aa"), record(id="2", tag="bb"), record(id="3", user_agent="passenger-launch/1")]
    with RequestMeter(lambda _: records, 0.0, tag) as meter:
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

    with RequestMeter(requests, 1.0, "a") as meter:
        meter.look()
    assert [one.id for one in meter.records] == ["1", "2"]
    assert asked == [1.0, 4.0]


def test_a_server_that_is_gone_has_nothing_new() -> None:
    def requests(_: float | None) -> Sequence[RequestRecord]:
        raise ServerError("gone")

    with RequestMeter(requests, 0.0, "a") as meter:
        pass
    assert meter.records == []


def test_no_proxy_stands_between_the_client_and_this_machine() -> None:
    plan = Plan(argv=["x"], env={"OURS": "1"}, unset=["THEIRS"])
    given = {"NO_PROXY": "corp", "THEIRS": "1", "OURS": "0", "HTTP_PROXY": "http://proxy"}
    assert environment_of(given, plan) == {
        "NO_PROXY": "corp,127.0.0.1,localhost,::1",
        "no_proxy": "127.0.0.1,localhost,::1",
        "OURS": "1",
        "HTTP_PROXY": "http://proxy",
    }


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            401,
            "run `passenger login --profile work`, or see your models at https://github.com/settings/copilot/features",
        ),
        (
            403,
            "run `passenger login --profile work`, or see your models at https://github.com/settings/copilot/features",
        ),
        (404, "`passenger models` lists what your account has"),
        (429, "your plan's limit is reached, or GitHub asks to wait"),
        (502, "try again, or another model with --model"),
    ],
)
def test_what_to_do_about_a_model_that_does_not_answer(status: int, said: str) -> None:
    assert remedy(status, "run `passenger login --profile work`") == said
