"""What a run gives its client, and says of a model that does not answer; the rest is seen in `test_launch.py`."""

import pytest

from passenger.cli.launch_run import environment as environment_of
from passenger.cli.launch_run import remedy
from passenger.clients.plan import Plan


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
