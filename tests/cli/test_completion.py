"""Tab: what the shell is told, and where the names of models come from."""

import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import click
import pytest

from passenger.cli.completion import SHELLS
from passenger.cli.group import root
from passenger.copilot.known_names import FILE
from tests.cli.conftest import Command
from tests.cli.test_group import HEAVY
from tests.copilot.test_known_names import keep
from tests.proxy import Proxy, environment

STATE = Path(".local", "state", "passenger")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_code_for_a_shell_is_printed(command: Command, shell: str) -> None:
    ended = command("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_PASSENGER_COMPLETE={shell}_complete" in ended.out


def test_another_shell_is_refused_with_those_there_are(command: Command) -> None:
    ended = command("completion", "tcsh")
    assert ended.code == 2
    assert all(f"'{shell}'" in ended.err for shell in SHELLS)


async def test_a_server_keeps_its_names_for_completion(proxy: Proxy, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{proxy.url}/v1/models") as answer:
        listed = {model["id"] for model in (await answer.json())["data"]}
    (file,) = (proxy.home / STATE).glob(f"profiles/*/{FILE}")
    offered = complete_in(proxy.home, "claude-")
    assert offered
    assert set(offered) == {name for name in listed if name.startswith("claude-")}
    assert file.stat().st_mode & 0o077 == 0


def complete_in(home: Path, begun: str) -> list[str]:
    script = (
        "import click, sys; from passenger.cli.completion import complete_model as of\n"
        "print(*of(click.Context(click.Command(None)), None, sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, begun], env=environment(home), capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def models_asked_for() -> list[tuple[str, click.Parameter]]:
    """Every parameter of every command that is to be the name of a model."""
    found: list[tuple[str, click.Parameter]] = []
    todo: list[tuple[str, click.Command]] = [("passenger", root)]
    while todo:
        name, one = todo.pop()
        if isinstance(one, click.Group):
            todo += [(f"{name} {below}", command) for below, command in one.commands.items()]
        found += [(name, parameter) for parameter in one.params if {"--model", "--small-model"} & set(parameter.opts)]
        found += [
            (name, parameter) for parameter in one.params if name == "passenger models" and parameter.name == "name"
        ]
    return found


def test_every_flag_that_takes_a_model_offers_the_names(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home / STATE, "gpt-5.5", "claude-opus-4.6")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    for name, parameter in models_asked_for():
        offered = parameter.shell_complete(click.Context(root), "gpt")
        assert [item.value for item in offered] == ["gpt-5.5"], name


def complete(home: Path, words: str, shell: str = "bash") -> subprocess.CompletedProcess[str]:
    """What `passenger` says to a shell that asks, with no socket to be had and nothing slow imported."""
    script = (
        "import sys\n"
        "def refuse(event, _):\n"
        "    if event.startswith('socket.'): raise AssertionError(event)\n"
        "sys.addaudithook(refuse)\n"
        "from passenger.cli import main\n"
        "sys.argv = ['passenger']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {HEAVY!r} if name in sys.modules and name != 'platformdirs'], file=sys.stderr)\n"
    )
    env = {"_PASSENGER_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment(home, env),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "offered"), [("passenger dem", "plain,demo"), ("passenger login --no", "plain,--no-browser")]
)
def test_commands_and_flags_are_completed(home: Path, words: str, offered: str) -> None:
    assert complete(home, words).stdout.splitlines() == [offered]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("passenger launch claude --model gpt", "gpt-private gpt-work"),
        ("passenger --profile work launch claude --model gpt", "gpt-work"),
        ("passenger launch --profile work claude --model gpt", "gpt-work"),
        ("passenger --profile other ask --model gpt", ""),
        ("passenger --profile .. ask --model gpt", ""),
    ],
)
def test_the_names_are_those_of_the_login_that_the_line_names(home: Path, words: str, offered: str) -> None:
    keep(home / STATE / "logins" / "work" / "profiles" / "github.com", "gpt-work", at=10)
    keep(home / STATE / "profiles" / "github.com", "gpt-private", "gpt-work", at=20)
    ended = complete(home, words)
    assert ended.stdout.split() == [f"plain,{name}" for name in offered.split()]
    assert ended.stderr.splitlines() == ["[]"]


def test_nobody_is_asked_and_nothing_slow_is_imported(home: Path) -> None:
    keep(home / STATE, "gpt-5.5")
    ended = complete(home, "passenger simulate --plan b")
    assert ended.stdout.split() == ["plain,business"]
    assert ended.stderr.splitlines() == ["[]"]


def test_bash_itself_completes(home: Path) -> None:
    env = environment(home)
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    script = (
        'eval "$(passenger completion bash)"\n'
        "COMP_WORDS=(passenger completion z) COMP_CWORD=2\n"
        "_passenger_completion passenger\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], env=env, cwd=home, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("zsh\n", "")
