"""`passenger doctor` as a process."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from passenger import __version__
from passenger.cli.doctor.doctor import PARTS, examine
from passenger.cli.doctor.facts import Facts
from passenger.cli.doctor.findings import Finding, ok
from passenger.simulator import Simulator
from tests.cli.conftest import Command, Ended
from tests.cli.doctor.bench import Ward
from tests.proxy import PATIENCE, environment, start
from tests.sweep import LEVEL, Record

KEY = "a-client-key-that-nobody-may-see"
PASSWORD = "proxy-password-of-nobody"


async def doctor(simulator: Simulator, home: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    (home / "settings.toml").write_text(simulator.config_toml() + "[server]\nport = 1\n")
    process = await start(
        home,
        ["-c", str(home / "settings.toml"), "doctor", *arguments],
        environment(home, {"COPILOT_GITHUB_TOKEN": simulator.login_token, **(env or {})}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def test_people_get_a_line_for_each_check_and_what_to_type(simulator: Simulator, home: Path) -> None:
    ended = await doctor(simulator, home)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert any(line.startswith("seat ") and "✓ octo-simulated, Copilot Pro" in line for line in lines)
    assert "→ passenger" in ended.out
    assert lines[-1].endswith("passenger doctor --report")


async def test_programs_get_json_and_a_failure_is_exit_1(simulator: Simulator, home: Path) -> None:
    simulator.revoke_login()
    ended = await doctor(simulator, home, "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["ok"], told["version"]) == (1, False, __version__)
    checks = {one["id"]: one for one in told["checks"]}
    login = f"passenger -c {home / 'settings.toml'} login"
    assert (checks["token"]["state"], checks["token"]["fix"]) == ("fail", login)
    assert set(checks["token"]) == {"id", "state", "text", "fix", "see"}


@pytest.mark.proves("T4", "promise 2")
@pytest.mark.parametrize("form", ["--report", "--json", "-vv"])
async def test_no_form_has_a_secret_in_it(simulator: Simulator, home: Path, form: str) -> None:
    saved = home / ".config" / "passenger" / "profiles" / f"localhost~{simulator.url.rpartition(':')[2]}"
    saved.mkdir(parents=True)
    (saved / "access_token.json").write_text(json.dumps({"access_token": "a-saved-login-of-nobody"}))
    env = {
        "PASSENGER_API_KEYS": KEY,
        "HTTPS_PROXY": f"http://clerk:{PASSWORD}@127.0.0.1:1",
        "GH_TOKEN": "gho_of-gh-itself",
        "ANTHROPIC_API_KEY": "a-key-of-another-cloud",
        "PASSENGER_LOG": LEVEL,
    }
    ended = await doctor(simulator, home, form, env=env)
    record = Record()
    record.add(ended.out + ended.err)
    secrets = [KEY, PASSWORD, "a-saved-login-of-nobody", "gho_of-gh-itself", "a-key-of-another-cloud"]
    secrets += [simulator.login_token, *simulator.account.minted]
    record.forbid(secrets)
    assert [secret for secret in secrets if secret in ended.out + ended.err] == []
    assert "upstream.github" in ended.out


async def test_a_report_names_neither_the_account_nor_the_home(simulator: Simulator, home: Path) -> None:
    out = (await doctor(simulator, home, "--report")).out
    assert out.startswith(f"```\nPassenger: {__version__}\n")
    assert out.endswith("```\n")
    assert str(home) not in out
    assert "octo-simulated" not in out
    assert "LOGIN, Copilot Pro" in out


def test_settings_that_cannot_be_used_are_the_one_finding(command: Command, home: Path) -> None:
    (home / "bad.toml").write_text("[server]\nport = 'x'\n")
    ended = command("-c", "bad.toml", "doctor", "--json")
    (check,) = json.loads(ended.out)["checks"]
    assert (ended.code, check["id"], check["state"]) == (1, "config", "fail")
    assert "bad.toml:2" in check["text"]


@pytest.mark.parametrize(("name", "hint"), [("cluade", "Did you mean 'claude'?"), ("xyz", "There are claude, codex")])
def test_a_client_that_there_is_not_is_answered_with_the_nearest(command: Command, name: str, hint: str) -> None:
    ended = command("doctor", "--client", name)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err


async def test_what_to_type_is_for_the_login_that_was_named(command: Command) -> None:
    ended = command("--profile", "work", "doctor", "--json")
    fixes = {one["id"]: one["fix"] for one in json.loads(ended.out)["checks"]}
    assert fixes["login"] == "passenger login --profile work"


async def test_a_terminal_that_has_no_such_signs_gets_words(simulator: Simulator, home: Path) -> None:
    simulator.revoke_login()
    ended = await doctor(simulator, home, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert "FAIL GitHub no longer accepts this login" in ended.out
    assert ended.out.isascii()


async def test_where_all_is_well_nothing_has_failed(ward: Ward) -> None:
    chart = await ward.look()
    assert {one.id for one in chart.findings if one.state == "fail"} == set()
    assert [one.id for one in chart.findings][:2] == ["program", "config"]


async def test_every_part_tells_something_and_every_sentence_is_one_line(ward: Ward) -> None:
    chart = await ward.look()
    assert len(chart.findings) >= len(PARTS)
    assert all(one.text and "\n" not in one.text for one in chart.findings)


@pytest.mark.proves("doctor", "promise 4")
async def test_the_exchange_is_made_once_for_all_checks_and_no_file_is_written(ward: Ward) -> None:
    await ward.look()
    assert ward.simulator.exchanges == 1
    assert not list(ward.home.rglob("token.json"))


async def well(_facts: Facts) -> Sequence[Finding]:
    return [ok("well", "it is")]


async def stuck(_facts: Facts) -> Sequence[Finding]:
    await asyncio.Event().wait()
    return []


async def broken(_facts: Facts) -> Sequence[Finding]:
    raise RuntimeError("a defect")


@pytest.mark.proves("doctor")
async def test_a_check_that_hangs_or_is_defect_is_a_failure_of_its_own(
    ward: Ward, caplog: pytest.LogCaptureFixture
) -> None:
    async with ward.facts() as facts:
        found = await examine(facts, {"stuck": stuck, "broken": broken, "well": well}, patience=0.01)
    assert [(one.id, one.state) for one in found] == [("stuck", "fail"), ("broken", "fail"), ("well", "ok")]
    assert [record.levelno for record in caplog.records if "broken" in record.getMessage()] == [logging.ERROR]
