"""The settings."""

from passenger.doctor.finding import Finding
from tests.doctor.bench import Ward


async def test_the_files_that_were_read_are_named(ward: Ward) -> None:
    found = (await ward.look("config"))["config"]
    assert found == Finding("config", "ok", f"read from {ward.home / 'settings.toml'}")


async def test_what_is_odd_about_them_is_a_warning_each(ward: Ward) -> None:
    ward.environ |= {"PASSENGER_NOPE": "x", "PASSENGER_API_KEYS": "short-key"}
    found = (await ward.look("config")).all("config")
    assert {(one.state, one.fix) for one in found} == {("warn", "passenger config show")}
    assert len(found) == 2
