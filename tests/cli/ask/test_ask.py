"""`passenger ask`: by way of a running server, and through the gateway in its own process."""

import asyncio
import io
import os
import pty
import re
import signal
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from passenger.cli.ask.ask import Voice, default_model, read_stdin, summary
from passenger.cli.ask.asking import Words
from passenger.copilot.model_cards import ModelCard
from passenger.errors import Failure
from passenger.observe.records import RequestRecord
from passenger.simulator import Simulator
from tests.cli.conftest import Command, Ended, port_of
from tests.proxy import PATIENCE, Proxy, environment, eventually, running, start
from tests.server.bench import UP

LAST_LINE = re.compile(
    r"gpt-5\.5 via responses \(translated\)  \d+ in  \d+ out  first word [\d.]+ m?s  [\d.]+ credits \(\$[\d.]+\)\n"
)


async def asked(command: Command, proxy: Proxy, *arguments: str, stdin: str = "", **env: str) -> Ended:
    shell = f"printf '%s' '{stdin}' | \"$@\""
    return await asyncio.to_thread(command, "ask", "--port", port_of(proxy), *arguments, env=env, shell=shell)


async def test_a_running_server_answers_and_the_last_line_says_what_it_took(command: Command, proxy: Proxy) -> None:
    ended = await asked(command, proxy, "-m", "gpt-5.5", "Hello", "there")
    assert (ended.code, ended.out) == (0, 'Simulated gpt-5.5 here. You said: "Hello there" (1 message).\n')
    assert LAST_LINE.fullmatch(ended.err)
    quiet = await asked(command, proxy, "-q", "-m", "gpt-5.5", "Hello")
    assert (quiet.code, quiet.err) == (0, "")


async def test_a_question_may_come_from_stdin_or_from_both(
    command: Command, proxy: Proxy, simulator: Simulator
) -> None:
    assert "You said: " in (await asked(command, proxy, "-m", "gpt-4o", stdin="what came in")).out
    assert simulator.seen(UP)[-1].json()["messages"][-1]["content"] == "what came in"
    assert (await asked(command, proxy, "-m", "gpt-4o", "Review this", stdin="a diff\n")).code == 0
    assert simulator.seen(UP)[-1].json()["messages"][-1]["content"] == "Review this\n\na diff"
    nothing = await asked(command, proxy)
    assert (nothing.code, nothing.out) == (2, "")
    assert "Ask something" in nothing.err


async def test_without_a_name_it_is_the_model_that_copilot_begins_with(command: Command, proxy: Proxy) -> None:
    assert "Simulated gpt-5.3-codex here." in (await asked(command, proxy, "Hello")).out


async def test_a_name_that_no_model_has_gets_the_nearest(command: Command, proxy: Proxy) -> None:
    ended = await asked(command, proxy, "-m", "gtp-5.5", "Hello")
    assert (ended.code, ended.out) == (2, "")
    assert "Nearest: gpt-5.5" in ended.err


async def test_without_a_server_the_gateway_asks_from_here(command: Command, simulator: Simulator, home: Path) -> None:
    (home / "mine.toml").write_text(simulator.config_toml() + "[server]\nport = 0\n")
    env = {"COPILOT_GITHUB_TOKEN": simulator.login_token}
    ended = await asyncio.to_thread(command, "ask", "-c", "mine.toml", "-m", "gpt-5.5", "Hello", env=env)
    assert (ended.code, ended.out) == (0, 'Simulated gpt-5.5 here. You said: "Hello" (1 message).\n')
    assert LAST_LINE.fullmatch(ended.err)
    default = await asyncio.to_thread(command, "ask", "-c", "mine.toml", "Hello", env=env)
    assert "Simulated gpt-5.3-codex here." in default.out
    wrong = await asyncio.to_thread(command, "ask", "-c", "mine.toml", "-m", "gtp-5.5", "Hello", env=env)
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("passenger: The model 'gtp-5.5' does not exist")


def test_without_a_server_and_a_login_the_exit_code_says_so_once(command: Command) -> None:
    ended = command("ask", "--port", "0", "Hello")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.count("passenger login") == 1


@pytest.mark.proves("promise 2")
async def test_a_server_with_keys_is_shown_the_users_own(command: Command, simulator: Simulator, home: Path) -> None:
    config = '[server]\napi_keys = ["a-key-in-the-settings"]\n'
    question = ("-m", "gpt-4o", "Hello")
    async with running(simulator, home, "--workers", "2", config=config) as proxy:
        by_settings = await asked(command, proxy, *question, "-c", "settings.toml")
        by_variable = await asked(command, proxy, *question, PASSENGER_KEY="a-key-in-the-settings")
        by_neither = await asked(command, proxy, *question)
    assert by_settings.out == by_variable.out
    assert (by_settings.code, by_variable.code) == (0, 0)
    assert "gpt-4o via completions (relayed)" in by_settings.err, "whichever worker it was that answered"
    assert (by_neither.code, by_neither.out) == (1, "")
    assert "Put one of its API keys into PASSENGER_KEY" in by_neither.err


@pytest.mark.proves("promise 6")
async def test_an_answer_that_breaks_off_is_an_error(command: Command, proxy: Proxy) -> None:
    ended = await asked(command, proxy, "-m", "gpt-4o", "[[cut 3]] words and words and words")
    assert ended.code == 1
    assert ended.err.startswith("passenger: ")
    assert ended.out.endswith("\n")


@pytest.mark.parametrize("arguments", [["ask", "-m", "gpt-4o", "Hello"], ["models"]])
async def test_a_server_that_waits_for_a_login_says_so_by_the_exit_code(
    command: Command, simulator: Simulator, home: Path, arguments: list[str]
) -> None:
    async with running(simulator, home, env={"PASSENGER_SERVER_AWAIT_LOGIN": "true"}, login=False) as proxy:
        ended = await asyncio.to_thread(command, *arguments, "--port", port_of(proxy))
    assert (ended.code, ended.out) == (4, "")
    assert proxy.url in ended.err


# --- on a terminal -----------------------------------------------------------------------------------------------


class Terminal:
    """`passenger` on a terminal: what it shows, and a way to press Ctrl-C."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self._home, self._env = home, env
        self.shown = ""

    async def start(self, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        variables = environment(self._home, {"TERM": "xterm", **self._env})
        self._process = await start(
            self._home, arguments, variables, stdin=theirs, stdout=theirs, stderr=theirs, leads=True
        )
        os.close(theirs)
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    def _read(self) -> None:
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # Linux says so that nobody is at the other end any more
            piece = b""
        self.shown += piece.decode("utf-8", "replace")
        if not piece:
            asyncio.get_running_loop().remove_reader(self._ours)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        return code


@pytest.mark.proves("promise 7")
@pytest.mark.parametrize("with_server", [True, False])
async def test_words_are_shown_as_they_come_and_ctrl_c_ends_it(
    simulator: Simulator, home: Path, *, with_server: bool
) -> None:
    async with running(simulator, home) as proxy:
        port = port_of(proxy) if with_server else "0"
        terminal = Terminal(home, {"COPILOT_GITHUB_TOKEN": simulator.login_token})
        question = "[[stall 4]] words and words and words"
        await terminal.start("ask", "-c", "settings.toml", "--port", port, "-m", "gpt-4o", question)
        await eventually(lambda: "Simulated" in terminal.shown)
        terminal.interrupt()
        assert await terminal.ended() == 130
        assert terminal.shown.endswith("\n")
        await eventually(lambda: simulator.seen(UP)[0].closed_early)


# --- pure --------------------------------------------------------------------------------------------------------


class Tty(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_no_answer_steers_a_terminal_and_a_pipe_gets_all_of_it() -> None:
    terminal, pipe = Tty(), io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    for stream in (terminal, pipe):
        voice = Voice(stream)
        voice.say("a\x1b[2Jb\tc\n")
        voice.say("\x9b end")
        voice.end()
        voice.end()
    assert terminal.getvalue() == "a�[2Jb\tc\n� end\n"
    assert pipe.buffer.getvalue() == "a\x1b[2Jb\tc\n\x9b end\n".encode()


def test_what_a_stream_cannot_write_is_replaced() -> None:
    pipe = io.TextIOWrapper(io.BytesIO(), "ascii")
    Voice(pipe).say("naïve")
    assert pipe.buffer.getvalue() == b"na?ve"


@pytest.mark.parametrize(("content", "message"), [(b"\xff\xfe", "not UTF-8"), (b"x" * 11, "larger than 10 bytes")])
def test_what_is_no_text_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(Failure, match=message):
        read_stdin(io.TextIOWrapper(io.BytesIO(content)), 10)


def test_a_terminal_is_not_read_and_none_is_nothing() -> None:
    assert read_stdin(Tty("typed"), 10) == ""
    assert read_stdin(None, 10) == ""


def test_the_default_is_copilots_else_one_that_suits_most() -> None:
    first, second = (ModelCard(name, name, "V", name) for name in ("one", "two"))
    hidden = ModelCard("zero", "zero", "V", "zero", policy="disabled", default=True)
    assert default_model([hidden, first, second]) == "one"
    assert default_model([first, msgspec.structs.replace(second, default=True)]) == "two"
    with pytest.raises(Failure, match="no model to chat with"):
        default_model([hidden])


def test_the_last_line() -> None:
    words = Words()
    words.first, words.finish = 0.391, "length"
    record = RequestRecord("1", 1.0, "POST", "/v1/chat/completions", "c", "c", 200, "ok", 1.0)
    record = msgspec.structs.replace(record, model="m", dialect="messages", mode="translated", input=1204, output=8)
    assert summary(record, words) == (
        "m via messages (translated)  1,204 in  8 out  first word 391 ms  cost not told  cut short: length"
    )
    assert summary(None, Words()) == ""
