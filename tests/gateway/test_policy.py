"""What the settings say about every request."""

import pytest

from passenger.gateway import Policy


@pytest.mark.parametrize(
    ("policy", "keeps"), [(Policy(), False), (Policy(keep_attribution=True), True), (Policy(strict=True), True)]
)
def test_strict_settings_leave_no_line_out_either(policy: Policy, keeps: bool) -> None:
    assert policy.keeps_attribution is keeps
