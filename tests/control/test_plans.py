"""A plan has one name, wherever it is shown."""

import pytest

from passenger.cli.panel import Told
from passenger.cli.panel import facts as panel
from passenger.cli.status_facts import facts as status_lines
from passenger.control.plans import plan_name
from passenger.control.status import Account, Status
from passenger.simulator.account import SKUS
from passenger.web.pages.lines import Place
from passenger.web.pages.overview import overview


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        (None, ""),
        ("", ""),
        ("  ", ""),
        ("individual", "Copilot Pro"),
        ("individual_pro", "Copilot Pro+"),
        ("some_new_plan", "Copilot some new plan"),
    ],
)
def test_a_plan_is_called_what_its_vendor_calls_it(plan: str | None, name: str) -> None:
    assert plan_name(plan) == name


@pytest.mark.parametrize("plan", SKUS)
def test_the_panel_the_page_and_status_call_it_the_same(plan: str) -> None:
    status = Status("1", 1, 0.0, ["http://h"], account=Account("me", plan))
    name = plan_name(plan)
    assert dict(panel(Told(status.account)))["Account"] == f"me, {name}"
    assert dict(status_lines(status, "http://h", 1.0, "passenger login"))["account"] == f"me, {name}"
    assert overview(status, [], [], Place("http://h", "key", 1), 1.0).plan == name
