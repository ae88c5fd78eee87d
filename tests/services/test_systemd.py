"""The unit says what it must, and systemd reads every word of it as it was meant."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.server.process.exit_codes import LOGIN_NEEDED, USAGE
from passenger.services.definition import Definition
from passenger.services.systemd import HOPELESS, SANDBOX, TAG, path, quote_word, unit, vanishing, variables_text
from tests.services.reading import directives, words

HOME = Path("/home/ann")
SERVICE = Definition(
    python=HOME / "clone" / ".venv" / "bin" / "python",
    config_dir=HOME / ".config" / "passenger",
    state_dir=HOME / ".local" / "state" / "passenger",
    arguments=("-c", "/home/ann/my settings.toml"),
    environment={"HTTPS_PROXY": "http://ann:p$w%20\"'\\@proxy:3128"},
    writable=(HOME / "tokens",),
)
VARIABLES = SERVICE.config_dir / "service.env"


def test_it_starts_the_interpreter_in_isolation_in_a_directory_of_ours() -> None:
    found = directives(unit(SERVICE, VARIABLES))
    command = words(found["ExecStart"])
    assert command[:4] == [str(SERVICE.python), "-P", "-m", "passenger"]
    assert command[-2:] == ["-c", "/home/ann/my settings.toml"]
    assert found["WorkingDirectory"] == str(SERVICE.state_dir)
    assert "PYTHONPATH" in found["UnsetEnvironment"].split()


def test_config_state_and_the_directories_of_the_tokens_can_be_written_in_its_sandbox() -> None:
    found = directives(unit(SERVICE, VARIABLES))
    assert found["ProtectSystem"] == "strict"
    assert words(found["ReadWritePaths"]) == [str(SERVICE.config_dir), str(SERVICE.state_dir), str(HOME / "tokens")]


def test_without_a_sandbox_it_asks_for_no_user_namespace() -> None:
    found = directives(unit(SERVICE, VARIABLES, sandbox=False))
    assert not {line.partition("=")[0] for line in SANDBOX} & found.keys()
    assert "ReadWritePaths" not in found
    assert found["NoNewPrivileges"] == "yes"


def test_it_is_not_started_again_where_there_is_no_use_in_it() -> None:
    assert set(HOPELESS) == {USAGE, LOGIN_NEEDED}
    assert directives(unit(SERVICE, VARIABLES))["Restart"] == "on-failure"


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_any_words_are_read_as_they_were_meant(given_words: list[str]) -> None:
    assert words(" ".join(quote_word(word) for word in given_words)) == given_words


@pytest.mark.parametrize("text", ["/a b", "/50%", "/a%%b"])
def test_a_path_with_a_line_to_itself_has_its_specifiers_doubled(text: str) -> None:
    assert path(Path(text)).replace("%%", "%") == text


def test_the_variables_are_those_that_were_given() -> None:
    (line,) = [line for line in variables_text(SERVICE).splitlines() if not line.startswith("#")]
    name, _, value = line.partition("=")
    assert name == "HTTPS_PROXY"
    assert re.sub(r"\\(.)", r"\1", value[1:-1]) == SERVICE.environment[name]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


@pytest.mark.parametrize(
    "place",
    [
        "home/.cache/uv/archive-v0/abc",
        "home/.cache/pipx/0123",
        "home/Library/Caches/uv/archive-v0/abc",
        "elsewhere/uv/archive-v0/abc",
        "tmp/venv",
    ],
)
def test_it_vanishes(tmp_path: Path, place: str) -> None:
    environ = {"UV_CACHE_DIR": str(tmp_path / "elsewhere" / "uv")}
    assert vanishing(tmp_path / place, environ, tmp_path / "home")


@pytest.mark.parametrize(
    "place", ["home/.local/share/uv/tools/passenger", "home/.local/share/pipx/venvs/passenger", "home/clone/.venv"]
)
def test_it_lasts(tmp_path: Path, place: str) -> None:
    prefix = tmp_path / place
    prefix.mkdir(parents=True)
    (prefix / TAG).touch()  # uv marks each environment that it makes
    assert vanishing(prefix, {"UV_CACHE_DIR": ""}, tmp_path / "home") is None


def test_a_cache_that_says_so_is_one_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / TAG).touch()
    assert vanishing(tmp_path / "odd" / "venv", {}, tmp_path / "home") == tmp_path / "odd"


def test_a_link_is_followed(tmp_path: Path, temporary: Path) -> None:
    (temporary / "venv").mkdir(parents=True)
    (tmp_path / "link").symlink_to(temporary / "venv")
    assert vanishing(tmp_path / "link", {}, tmp_path / "home") == temporary
