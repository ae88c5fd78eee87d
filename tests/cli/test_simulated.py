"""The settings of the profile `simulated`; `test_profiles.py` logs in with it."""

import pytest

from passenger.cli.invocation import Invocation
from passenger.cli.simulated import leads_to_one, settings
from passenger.config import Config, Github


def test_they_lead_to_the_simulator_at_its_usual_address() -> None:
    assert settings()["github.device_code_url"] == "http://127.0.0.1:8082/login/device/code"
    loaded = Invocation(profile="simulated", environ={"HOME": "/"}).load()
    assert leads_to_one(loaded.config)
    assert loaded.trusted_hosts == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("url", "expected"), [("https://github.com/x", False), ("http://localhost:9/x", True), ("http://[::1]:9/x", True)]
)
def test_only_this_machine_can_have_one(url: str, expected: bool) -> None:
    assert leads_to_one(Config(github=Github(url, "http://127.0.0.1:9/y", "http://127.0.0.1:9/z"))) is expected
