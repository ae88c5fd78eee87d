"""The documentation cannot drift: what there is, is described, and what is described, is there."""

import ast
import inspect
import re
import time
import types
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import passenger
from passenger.account import device_flow
from passenger.account.protocol import EXCHANGE_API_VERSION, EditorHeaders
from passenger.account.session import BACKOFF
from passenger.account.token import LoginSource
from passenger.account.token_store import FileTokenStore, token_paths
from passenger.cli.commands import PLANS
from passenger.cli.group import root
from passenger.config.loading import load
from passenger.config.schema import CREDENTIAL_URLS, DEFAULTS, FORBIDDEN_IN_FOUND, TABLES
from passenger.config.sources import OTHER_VARIABLES, SHORT_VARIABLES, VARIABLES
from passenger.copilot.protocol import PASSED_DOWN
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai.chat import quirks, whole_answer
from passenger.errors import STATUS, Failure, Kind
from passenger.exchange import Outcome
from passenger.limits import Limits
from passenger.limits import rows as limit_rows
from passenger.net.proxies import EXCEPTIONS_VARIABLE, PROXY_VARIABLES
from passenger.observe.log import LEVELS
from passenger.server.app import create_app
from passenger.server.control.handshake import Identity
from passenger.server.guard import Guard
from passenger.server.health import Readiness
from passenger.server.inflight import InflightRequests
from passenger.server.pages.join import JoinPages
from passenger.server.process import exit_codes
from passenger.server.request_log import RequestLog
from passenger.server.request_path import Patience
from passenger.simulator import Fault, Simulator, faults
from passenger.wiring import open_parts

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
SOURCES = [path for path in Path(passenger.__file__).parent.rglob("*.py") if "simulator" not in path.parts]
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


# --- reading a page ----------------------------------------------------------------------------------------------


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What stands below the heading that begins so, up to the next one of its level or above."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if re.match(rf"#+ {re.escape(title)}", line))
    level = lines[start].index(" ")
    rest = lines[start + 1 :]
    end = next((number for number, line in enumerate(rest) if re.match(rf"#{{1,{level}}} ", line)), len(rest))
    return "\n".join(rest[:end])


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text, without their headings."""
    found = [line.strip().removeprefix("|").removesuffix("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.split("|")] for line in found]


def marked(text: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def first_cells(text: str) -> set[str]:
    """What stands between backticks in the first cell of any row."""
    return {name for row in rows(text) for name in marked(row[0])}


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


# --- settings ----------------------------------------------------------------------------------------------------


def settings_in(text: str) -> dict[tuple[str, str], list[str]]:
    return {
        (name, row[0].strip("`")): row
        for name in {name for name, _ in DEFAULTS}
        for row in rows(section(text, f"`[{name}]`"))
        if row[0].startswith("`")
    }


def test_the_page_has_every_setting_its_default_and_its_variable_and_no_other() -> None:
    described = settings_in(page("docs/configuration.md") + page("docs/limits.md"))
    assert described.keys() == DEFAULTS.keys()
    names = {key: name for name, key in VARIABLES.items()}
    for key, (_, default, variable, _) in described.items():
        assert default == _shown(DEFAULTS[key]), key
        assert variable == f"`{names[key]}`", key


def test_the_page_has_the_table_that_the_limits_make() -> None:
    assert "\n".join(limit_rows()) in page("docs/limits.md"), "write it anew: python -m passenger.limits"


def _shown(default: object) -> str:
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`" if default else "none"


@pytest.mark.parametrize("uncomment", [False, True], ids=["as it stands", "with every setting"])
def test_the_example_configuration_loads(tmp_path: Path, *, uncomment: bool) -> None:
    (example,) = code_blocks(page("docs/configuration.md"), "toml")
    path = tmp_path / "config.toml"
    path.write_text(re.sub(r"^# (?=\w+ = )", "", example, flags=re.MULTILINE) if uncomment else example)
    loaded = load(flags={}, config_path=path, environ={}, cwd=tmp_path, user_dir=tmp_path)
    changed = {("server", "port"), ("upstream", "idle_timeout"), *TABLES}
    for (name, key), default in DEFAULTS.items():
        assert (getattr(getattr(loaded.config, name), key) != default) == ((name, key) in changed), (name, key)
        assert (loaded.origins[f"{name}.{key}"].kind == "file") == (uncomment or (name, key) in changed), (name, key)


def test_the_page_says_which_settings_carry_credentials_and_which_a_found_file_may_not_make() -> None:
    text = page("docs/credentials.md")
    assert {key for _, key in CREDENTIAL_URLS} <= marked(section(text, "Where credentials go"))
    assert marked(section(text, "A `config.toml` that is merely found")) >= FORBIDDEN_IN_FOUND


def test_the_editor_headers_are_described_with_the_settings_they_come_from() -> None:
    text = section(page("docs/credentials.md"), "The editor compatibility headers")
    names = dict.fromkeys(inspect.signature(EditorHeaders).parameters, "")
    headers = EditorHeaders(**{**names, "api_version": "x"}).headers()
    assert {name for name in first_cells(text) if name != "header"} == headers.keys()
    assert f"`{EXCHANGE_API_VERSION}`" in text
    values = {value for (name, _), value in DEFAULTS.items() if name == "copilot" and isinstance(value, str)}
    assert {value for value in values if "://" not in value} <= marked(page("docs/terms.md"))


# --- the command line --------------------------------------------------------------------------------------------


def leaves(group: click.Group, prefix: str = "passenger") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def flags(command: click.Command) -> set[str]:
    options = (parameter for parameter in command.params if isinstance(parameter, click.Option))
    return {name for option in options for name in (*option.opts, *option.secondary_opts)}


def described_flags(text: str) -> set[str]:
    return {name.split()[0] for name in first_cells(text) if name.startswith("-")}


def test_the_page_has_every_command_with_its_own_flags_and_no_other() -> None:
    text = section(page("docs/cli.md"), "Commands") + "\n" + section(page("docs/team.md"), "Commands")
    text += "\n" + section(page("docs/cache.md"), "Commands")
    shared = flags(root) - {"--login", "--refresh-token"}
    assert described_flags(section(page("docs/cli.md"), "Flags of every command")) == shared | {"-h", "--help"}
    assert set(re.findall(r"^### `(.+)`$", text, re.MULTILINE)) == {name for name, _ in leaves(root)}
    for name, command in leaves(root):
        assert described_flags(section(text, f"`{name}`")) == flags(command) - shared, name
    assert {"passenger --login", "passenger --refresh-token"} <= marked(text)
    assert set(PLANS) <= marked(section(text, "`passenger simulate`"))


def test_the_page_has_every_exit_code_with_its_meaning() -> None:
    described = {int(row[0]): row[1] for row in rows(section(page("docs/cli.md"), "Exit codes")) if row[0].isdecimal()}
    assert described.keys() == exit_codes.EXIT_CODES.keys()
    for code, meaning in exit_codes.EXIT_CODES.items():
        assert described[code].startswith(meaning), code


def variables_read() -> set[str]:
    """The environment variables that the code names: arguments of `environ.get` and the like, and our own lists.

    What a client reads is its vendor's to describe.
    """
    found = {source.value for source in LoginSource if VARIABLE.fullmatch(source.value)}
    found |= {*OTHER_VARIABLES, *SHORT_VARIABLES, EXCEPTIONS_VARIABLE}
    found |= {name for names in PROXY_VARIABLES.values() for name in names}
    for path in SOURCES:
        if "clients" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            if "environ" in ast.unparse(function):
                found |= set(_names_of_variables(function))
    return found


def _names_of_variables(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
                yield name
            case ast.comprehension(iter=ast.Tuple(elts=elements)):
                yield from (str(element.value) for element in elements if isinstance(element, ast.Constant))
            case _:
                pass


def test_the_page_has_every_environment_variable() -> None:
    text = section(page("docs/cli.md"), "Environment")
    read = variables_read()
    assert {"HOME", "NO_COLOR", "CLICOLOR_FORCE", "RUST_LOG", "GH_TOKEN", "TERM"} <= read, "the search finds nothing"
    used_by_platformdirs = {"XDG_CONFIG_HOME", "XDG_STATE_HOME"}
    assert first_cells(text) == read | used_by_platformdirs | {"PASSENGER_<SECTION>_<KEY>"}


def test_the_page_has_every_level_and_field_of_the_log() -> None:
    text = section(page("docs/operating.md"), "The log")
    assert set(LEVELS) <= first_cells(text)
    fields = {"ms", "id", "model", "stream", "initiator", "first_ms", "input", "output", "cached", "credits", "retries"}
    fields |= {
        "cost_source",
        "premium_requests",
        "route",
        "dropped",
        "client",
        "who",
        "upstream",
        "upstream_id",
        "token_left",
        "learned",
        "search",
        "searches",
        "cache",
    }
    assert fields | {"outcome", "error", "code"} <= first_cells(text)
    keys = re.findall(r'fields(?: \|= \{|\["|: dict\[str, object\] = \{)', page("src/passenger/observe/access_log.py"))
    assert len(keys) == 15, "access.py has changed: are all its fields described?"
    assert {outcome.value for outcome in Outcome} - {"ok"} <= marked(text)


# --- routes and errors -------------------------------------------------------------------------------------------


async def test_the_page_has_every_route_and_no_other(tmp_path: Path) -> None:
    loaded = load(flags={}, config_path=None, environ={}, cwd=tmp_path, user_dir=tmp_path)
    async with open_parts(loaded, FileTokenStore(token_paths(tmp_path, tmp_path), {}), tmp_path) as parts:
        readiness = Readiness(parts.seat, lambda: None)
        assert parts.joining is not None
        app = create_app(
            parts.gateway,
            readiness,
            InflightRequests(),
            Guard(),
            limits=Limits(),
            patience=Patience(),
            identity=Identity("0", 1, 0.0),
            log=RequestLog(time.time),
            join=JoinPages(parts.joining, "", "", time.time),
        )
    described: set[tuple[str, str]] = set()
    for route, also, _ in rows(page("docs/endpoints.md").partition("\n## ")[0])[1:]:
        method, path = route.strip("`").split()
        described |= {(method, path), *((method, other) for other in marked(also))}
    assert described == set(app.routes)


def test_the_pages_have_every_header_of_ours_and_no_other() -> None:
    name = re.compile(r"\bx-passenger-[a-z-]+[a-z]")
    written = {found for path in SOURCES for found in name.findall(path.read_text("utf-8"))}
    told = set(name.findall("\n".join(path.read_text("utf-8") for path in PAGES)))
    assert told == written


def test_the_page_has_every_quirk_and_every_header_that_is_passed_down() -> None:
    text = page("docs/endpoints.md")
    public = {
        name
        for module in (quirks, whole_answer)
        for name, thing in vars(module).items()
        if isinstance(thing, type | types.FunctionType) and thing.__module__ == module.__name__ and name[0] != "_"
    }
    assert public - {"fixes_for", "prepare", "relay", "complete", "decode_object"} <= marked(text)
    assert marked(text) >= PASSED_DOWN


def test_the_page_has_all_that_can_be_degraded() -> None:
    described = first_cells(section(page("docs/endpoints.md"), "`GET /health`"))
    named = set(re.findall(r'found\["(\w+)"', page("src/passenger/server/health.py"))) | {"token_refresh"}
    assert described == named


def test_the_page_has_every_kind_of_failure_with_its_status_and_type() -> None:
    described = {row[0]: row[1:] for row in rows(section(page("docs/errors.md"), "Kinds"))[1:]}
    assert described.keys() == {f"`{kind}`" for kind in Kind}
    for kind in Kind:
        body = completions.INBOUND.write_failure(Failure(kind, "no"))
        status, type_ = described[f"`{kind}`"]
        assert int(status) == STATUS[kind]
        assert f'"type":"{type_.strip("`")}"'.encode() in body, kind


def failure_codes() -> set[str]:
    """Every `code=` of a call and every text that is given to a variable of that name."""
    found: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
        for node in ast.walk(tree):
            match node:
                case ast.keyword(arg="code", value=value) | ast.Assign(targets=[ast.Name(id="code")], value=value):
                    found |= _texts(constants.get(ast.unparse(value), value))
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                    pairs = zip(names, values, strict=False)
                    found |= {t for name, v in pairs if ast.unparse(name) == "code" for t in _texts(v)}
                case _:
                    pass
    return found


def _texts(value: ast.expr) -> set[str]:
    """The texts that a value may be."""
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) | _texts(other)
        case ast.BoolOp(values=values):
            return {text for one in values for text in _texts(one)}
        case _:
            return set()


def test_the_page_has_every_failure_code_of_ours_and_no_other() -> None:
    text = page("docs/errors.md")
    ends = section(text, "How a login ends")
    described = {marked(row[0]).pop() for row in rows(section(text, "Codes of ours"))[1:]}
    described |= first_cells(ends) - set(device_flow._ENDED)
    assert described == failure_codes()
    assert set(device_flow._ENDED) <= first_cells(ends)


def test_the_page_has_the_pauses_of_the_token_exchange() -> None:
    *first, last = [f"{seconds:g}" for seconds in BACKOFF]
    assert f"after {', '.join(first)} and then {last} seconds" in " ".join(page("docs/errors.md").split())


# --- the simulator -----------------------------------------------------------------------------------------------


def test_the_page_has_every_directive_and_no_other() -> None:
    known = {found.name for found in faults.directives(faults.__doc__ or "")}
    assert known > {*faults.FLAGS, *faults.COUNTS, "reset", "error", "status", "call", "think", "events", "size"}
    text = section(page("docs/simulator.md"), "Directives")
    assert {found.name for cell in first_cells(text) for found in faults.directives(cell)} == known


def test_the_page_has_every_argument_and_method_of_the_simulator() -> None:
    text = section(page("docs/simulator.md"), "From Python")
    members = {name for name in vars(Simulator) if not name.startswith("_")} | {"requests", "exchanges"}
    for name in members - {"api_url"} | set(inspect.signature(Simulator).parameters):
        assert re.search(rf"\b{name}\b", text), name
    spelled = {
        directive.replace("-", "_") for directive in first_cells(section(page("docs/simulator.md"), "Directives"))
    }
    plain = {name for name in inspect.signature(Fault).parameters if any(f"[[{name}" in cell for cell in spelled)}
    others = set(inspect.signature(Fault).parameters) - plain - {"body", "headers"}
    assert {name for name in others if f"`{name}`" not in text} == set()


async def test_the_example_of_the_simulator_runs() -> None:
    (example,) = code_blocks(page("docs/simulator.md"), "python")
    code = compile(example, "docs/simulator.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, object] = {}
    await types.FunctionType(code, names)()
    assert isinstance(names["simulator"], Simulator)


# --- every page --------------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name) if name else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


INSTALL = re.compile(
    r"\b(?:pip[\d.]*|uv|pipx|conda|brew)(?:\s+[\w-]+)*?\s+(?:install|add|run)(?:\s+-\S+)*\s+[\"']?NAME\b(?![./-])"
    r"|\buvx(?:\s+-\S+)*\s+[\"']?NAME\b(?![./-])".replace("NAME", passenger.DISTRIBUTION)
)
MACHINE = re.compile(r"(?<![\w.~])(?:/(?:work|root|home|Users|tmp|mnt)/|[A-Z]:\\)")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_installs_us_by_name_or_names_a_place_on_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert INSTALL.search(text) is None
    assert MACHINE.search(text) is None


def test_no_message_installs_us_by_name() -> None:
    for path in (*SOURCES, ROOT / "Makefile", *(ROOT / "packaging").iterdir()):
        assert INSTALL.search(path.read_text(encoding="utf-8")) is None, path


@pytest.mark.parametrize(
    "text",
    [
        "pip install passenger",
        "python -m pip install -U passenger",
        "pip3 install --user 'passenger[all]'",
        "pipx install passenger",
        "pipx run passenger login",
        "uvx passenger demo",
        "uv tool install passenger",
        "uv pip install passenger",
        "uv add passenger",
    ],
)
def test_an_installation_by_name_is_noticed(text: str) -> None:
    assert INSTALL.search(text)


@pytest.mark.parametrize(
    "text", ["pip install .", ".venv/bin/passenger", "pip install ./passenger", "uvx --from . passenger"]
)
def test_other_installations_are_not(text: str) -> None:
    assert INSTALL.search(text) is None
