"""Betas that Copilot does not take, and what they leave behind."""

import json
from typing import Any

import pytest

from passenger.body import Body
from passenger.copilot.quirks.betas import ACCEPTED, NEEDS, leave_out_betas

UPDATES = {"thinking": {"type": "adaptive", "display": "updates"}}


@pytest.mark.parametrize(
    ("beta", "body", "sent", "named"),
    [
        ("thinking-display-updates-2026-08-18", UPDATES, {"thinking": {"type": "adaptive"}}, ("thinking.display",)),
        ("thinking-display-updates-2026-08-18", {"thinking": {"display": "omitted"}}, None, ()),
        ("thinking-display-updates-2026-08-18", {}, None, ()),
        ("fast-mode-2026-02-01", {"speed": "fast"}, {}, ("speed",)),
        ("effort-2025-11-24", {"output_config": {"effort": "low"}}, None, ()),
        ("structured-outputs-2025-11-13", {"output_config": {"format": {}}}, None, ()),
        ("thinking-token-count-2026-05-13", {}, None, ()),
        ("token-counting-2024-11-01", {}, None, ()),
        ("mid-conversation-tool-changes-2026-07-01", {}, None, ()),
        ("message-threads-2026-08-12", {}, None, ()),
        ("output-128k-2025-02-19", {}, None, ("anthropic-beta: output-128k-2025-02-19",)),
        ("context-1m-2025-08-07", UPDATES, None, ("anthropic-beta: context-1m-2025-08-07",)),
    ],
)
def test_what_a_beta_brought_goes_with_it_and_what_goes_up_without_it_is_not_named(
    beta: str, body: dict[str, Any], sent: dict[str, Any] | None, named: tuple[str, ...]
) -> None:
    document = Body(json.dumps(body).encode())
    assert leave_out_betas(document, [beta]) == named
    assert json.loads(document.encode()) == (body if sent is None else sent)


def test_no_beta_that_copilot_takes_is_in_the_table_of_the_others() -> None:
    assert not [beta for beta in ACCEPTED for name in NEEDS if beta.startswith(name)]
