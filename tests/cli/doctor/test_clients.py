"""The clients that are installed."""

from pathlib import Path

import pytest

from passenger.cli.doctor.clients import CLIENTS
from passenger.edits.edit import Edit
from passenger.edits.journal import apply, plan
from passenger.edits.receipts import Receipts
from tests.cli.doctor.bench import NOWHERE, Ward


def install(ward: Ward, name: str, said: str = "2.1.330 (Claude Code)") -> Path:
    directory = ward.home / "bin"
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f'#!/bin/sh\necho "{said}"\n')
    path.chmod(0o755)
    ward.environ["PATH"] = str(directory)
    return path


async def test_where_none_is_installed_nothing_is_wrong(ward: Ward) -> None:
    assert (await ward.look("client"))["client"].state == "skip"


async def test_each_that_is_installed_is_told_with_its_version(ward: Ward) -> None:
    path = install(ward, "claude")
    install(ward, "codex", "codex-cli 0.169.0")
    chart = await ward.look("client")
    assert chart["client.claude"].text == f"Claude Code 2.1.330 is {path}, not set up"
    assert "0.169.0" in chart["client.codex"].text
    assert {one.state for one in chart.findings} == {"ok"}


async def test_one_that_is_asked_for_and_not_installed_fails_with_the_line_that_installs_it(ward: Ward) -> None:
    found = (await ward.look("client", clients=("gemini",)))["client.gemini"]
    assert (found.state, found.fix) == ("fail", CLIENTS["gemini"].install)


async def test_one_that_is_asked_for_is_the_only_one_told(ward: Ward) -> None:
    install(ward, "claude")
    install(ward, "codex")
    chart = await ward.look("client", clients=("codex",))
    assert [one.id for one in chart.findings] == ["client.codex"]


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_USE_BEDROCK"])
async def test_a_variable_that_leads_elsewhere_is_to_be_unset(ward: Ward, name: str) -> None:
    install(ward, "claude")
    ward.environ[name] = "something-of-the-user-s"
    _, found = (await ward.look("client")).all("client.claude")
    assert (found.state, found.fix) == ("warn", f"unset {name}")
    assert "something-of-the-user-s" not in found.text


async def test_a_project_s_own_settings_are_named(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    install(ward, "claude")
    project = ward.home / "a project" / ".claude"
    project.mkdir(parents=True)
    (project / "settings.json").write_text('{"env": {"ANTHROPIC_BASE_URL": "https://elsewhere.example"}}')
    monkeypatch.chdir(project.parent)
    _, found = (await ward.look("client")).all("client.claude")
    assert "env.ANTHROPIC_BASE_URL" in found.text
    assert found.fix == f"${{EDITOR:-vi}} '{project / 'settings.json'}'"


def set_up(ward: Ward, name: str, port: int) -> Path:
    """What `setup` would write for a client, as far as it matters here."""
    file = ward.home / f".{name}" / "settings.json"
    edit = Edit(file=file, format="json", keys=("env", "URL"), value=f"http://127.0.0.1:{port}")
    receipts = Receipts(ward.home / ".local" / "state" / "passenger" / "setup" / name)
    with receipts.lock():
        apply(plan([edit], receipts), receipts)
    return file


async def test_what_leads_to_another_port_is_to_be_set_up_anew(ward: Ward) -> None:
    install(ward, "llm", "llm, version 0.36")
    set_up(ward, "llm", 9999)
    _, found = (await ward.look("client")).all("client.llm")
    assert (found.state, found.fix) == ("warn", "passenger setup llm")
    assert f"another address than 127.0.0.1:{NOWHERE}" in found.text


async def test_what_was_set_up_as_the_default_is_set_up_so_again(ward: Ward) -> None:
    install(ward, "pi", "1.6.0")
    set_up(ward, "pi", 9999)
    _, found = (await ward.look("client")).all("client.pi")
    assert (found.state, found.fix) == ("warn", "passenger setup pi --default")


async def test_what_leads_to_our_port_is_well(ward: Ward) -> None:
    install(ward, "llm", "llm, version 0.36")
    file = set_up(ward, "llm", NOWHERE)
    assert (await ward.look("client"))["client.llm"].text.endswith(f"llm 0.36 is {ward.home}/bin/llm, set up in {file}")


async def test_a_client_that_is_gone_and_still_set_up_is_told_with_what_takes_it_back(ward: Ward) -> None:
    file = set_up(ward, "zed", NOWHERE)
    found = (await ward.look("client"))["client.zed"]
    assert (found.state, found.fix) == ("warn", "passenger setup zed --undo")
    assert str(file) in found.text


async def test_what_setup_has_written_is_named_and_what_was_changed_since_is_told(ward: Ward) -> None:
    install(ward, "claude")
    file = set_up(ward, "claude", NOWHERE)
    there = (await ward.look("client"))["client.claude"]
    assert there.text.endswith(f", set up in {file}")
    file.write_text(file.read_text().replace(f":{NOWHERE}", ":9000"))
    _, changed = (await ward.look("client")).all("client.claude")
    assert (changed.state, changed.fix) == ("warn", "passenger setup claude")
    assert "changed since: env.URL" in changed.text
