"""The documentation cannot drift: what there is, is described, and what is described, is there."""

import ast
import re
import tomllib
from pathlib import Path

import click
import pytest

import passenger
from passenger.cli.exits import EXIT_CODES
from passenger.cli.group import root
from passenger.config import load
from passenger.config.schema import DEFAULTS
from passenger.copilot import quirks

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
SOURCES = [path for path in Path(passenger.__file__).parent.rglob("*.py") if "simulator" not in path.parts]


def page(name: str) -> str:
    return (ROOT / name).read_text()


def test_every_setting_is_described_with_its_default() -> None:
    text = page("docs/configuration.md")
    for (section, key), default in DEFAULTS.items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `[{section}] {key}`")), "")
        assert row, f"[{section}] {key}"
        assert not default or f"`{default}`" in row, row


def test_the_example_configuration_loads(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", page("docs/configuration.md"), re.DOTALL)
    assert example
    path = tmp_path / "config.toml"
    path.write_text(example[1])
    loaded = load(flags={}, config_path=path, environ={}, cwd=tmp_path, user_dir=tmp_path)
    assert loaded.config.server.port == tomllib.loads(example[1])["server"]["port"]


def test_every_command_and_flag_is_described() -> None:
    text = page("docs/cli.md")
    for command in root.commands.values():
        assert f"`passenger {command.name}" in text
        flags = [option for option in command.params if isinstance(option, click.Option)]
        for flag in [*flags, *(option for option in root.params if isinstance(option, click.Option))]:
            assert max(flag.opts, key=len) in text, (command.name, flag.opts)


def test_every_exit_code_is_described() -> None:
    rows = re.findall(r"^\| (\d+) \|", page("docs/cli.md"), re.MULTILINE)
    assert {int(row) for row in rows} == set(EXIT_CODES)


def test_every_failure_code_of_ours_is_described() -> None:
    text = page("docs/errors.md")
    codes = {
        node.value.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant)
    }
    codes |= set(re.findall(r'code, message = "(\w+)"', page("src/passenger/http.py")))
    assert len(codes) > 12
    assert [code for code in codes if isinstance(code, str) and f"`{code}`" not in text] == []


def test_every_route_is_described() -> None:
    text = page("docs/endpoints.md")
    routes = re.findall(r'\*_(both|route)\("(/[^"]*)"', page("src/passenger/web/app.py"))
    assert len(routes) >= 6
    for kind, path in routes:
        name = path.replace("{model:path}", "{id}")
        assert f"{'/v1' if kind == 'both' else ''}{name}`" in text


def test_every_quirk_is_described() -> None:
    text = page("docs/endpoints.md")
    names = ["withhold_usage", "name_the_object", "CallNumbering", "complete_answer"]
    assert all(hasattr(quirks, name) and f"`{name}`" in text for name in names)


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name) if name else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_said_that_must_not_be(path: Path) -> None:
    text = path.read_text()
    assert not re.search(rf"(pip|pipx|uvx|uv tool|uv pip)( install)? {passenger.DISTRIBUTION}\b", text)
    assert "/work/" not in text
    assert "/root/" not in text
    assert "/home/" not in text
