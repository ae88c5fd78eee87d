"""`passenger models`, from a running server and without one."""

import asyncio
import json
import os
import pty
import re
import struct
import termios
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.cli.models import COLUMNS, efforts, facts_of, find_named, nearest, notes, price, row_of
from passenger.copilot.model_cards import ModelCard, Prices
from passenger.simulator import Simulator
from tests.cli.conftest import Command, Ended, port_of
from tests.proxy import Proxy, environment, running, start


def card(name: str, **fields: object) -> ModelCard:
    values = {"name": name.upper(), "vendor": "V", "family": name, "dialects": ("completions",), **fields}
    return ModelCard(id=name, **values)  # type: ignore[arg-type]  # what a test gives


CHAT = card("gpt-5.5", aliases=("big",))
OLD = card("gpt-4.1", picker=False)
HIDDEN = card("grok-1", policy="unconfigured")
EMBEDS = card("embed-3", kind="embeddings")
CARDS = (CHAT, OLD, HIDDEN, EMBEDS)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gpt-5.5", [CHAT]),
        ("GPT-5-5", [CHAT]),
        ("big", [CHAT]),
        (" Big ", [CHAT]),
        ("gpt", [CHAT, OLD]),
        ("grok", [HIDDEN]),
        ("nothing", []),
    ],
)
def test_a_name_finds_its_model_or_those_with_it_in_their_names(name: str, found: Sequence[ModelCard]) -> None:
    assert find_named(CARDS, name) == found


def test_a_name_that_none_has_gets_the_nearest() -> None:
    assert nearest(CARDS, "gtp-5.5")[0] == "gpt-5.5"
    assert nearest(CARDS, "x" * 100_000) == []


def test_a_row_has_a_cell_for_each_column() -> None:
    full = card("m", context=1_050_000, output=128_000, vision=True, dialects=("messages", "completions"))
    assert row_of(full) == ("m", "1.05M", "128k", "yes", "-", "-", "MC", "-")
    assert row_of(EMBEDS) == ("embed-3", "-", "-", "-", "-", "-", "embeddings", "-")
    assert len(row_of(full)) == len(COLUMNS)


@pytest.mark.parametrize(
    ("levels", "text"),
    [
        ([], ""),
        (["low", "high"], "low high"),
        (["low", "medium", "high"], "low-high"),
        (["none", "low", "medium", "high", "xhigh"], "none low-xhigh"),
        (["low", "medium", "high", "max"], "low-high max"),
        (["high", "low", "medium", "odd"], "low-high odd"),
    ],
)
def test_efforts_in_a_row_are_told_by_the_first_and_the_last(levels: list[str], text: str) -> None:
    assert efforts(levels) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "-"),
        ({"multiplier": 0.0}, "included"),
        ({"multiplier": 0.33}, "0.33x"),
        ({"multiplier": 1.0, "prices": Prices(125.0, 12.5, None, 1000.0)}, "1.25/10"),
        ({"prices": Prices(None, None, None, 1.0)}, "-"),
    ],
)
def test_prices_are_in_dollars_for_a_million(fields: dict[str, object], text: str) -> None:
    assert price(card("m", **fields)) == text


def test_what_the_rows_do_not_say_is_said_below_them() -> None:
    said = "\n".join(notes(CARDS, [CHAT]))
    assert "Your names: big = gpt-5.5." in said
    assert "grok-1 (unconfigured)" in said
    assert "https://github.com/settings/copilot/features" in said
    assert "Not shown: 1 that Copilot's own clients do not offer, 1 for embeddings; --all shows them." in said
    assert "Not shown" not in "\n".join(notes(CARDS, CARDS))


def test_all_is_told_of_one() -> None:
    one = card("m", context=200_000, efforts=["low"], prices=Prices(500.0, 50.0, 625.0, 2500.0), multiplier=10.0)
    told = dict(facts_of(one))
    assert told["context"] == "200,000 tokens"
    assert told["per million"] == "$5 in, $0.50 in from the cache, $6.25 into the cache, $25 out"
    assert told["premium"] == "counts as 10 premium requests, on plans that count those"
    assert (
        dict(facts_of(card("m", multiplier=1.0)))["premium"] == "counts as 1 premium request, on plans that count those"
    )
    assert "cannot be asked" in dict(facts_of(HIDDEN))["policy"]


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_is_looked_for(name: str, other: str) -> None:
    cards = [card(name or "x"), card(other or "y")]
    assert cards[0] in find_named(cards, name or "x")
    nearest(cards, other)


async def asked(command: Command, proxy: Proxy, *arguments: str, **env: str) -> Ended:
    return await asyncio.to_thread(command, "models", "--port", port_of(proxy), *arguments, env=env)


async def test_a_running_server_is_asked(command: Command, proxy: Proxy, simulator: Simulator) -> None:
    ended = await asked(command, proxy)
    assert (ended.code, ended.err) == (0, "")
    assert re.search(r"^gpt-5\.5 +1\.05M +128k +yes +yes +none low-xhigh +R +5/30$", ended.out, re.MULTILINE)
    assert "Hidden by policy: grok-code-fast-1 (unconfigured)" in ended.out
    assert "text-embedding" not in ended.out
    assert len(simulator.seen("/models")) == 1


async def test_json_has_the_cards(command: Command, proxy: Proxy) -> None:
    some = json.loads((await asked(command, proxy, "--json")).out)
    every = json.loads((await asked(command, proxy, "--json", "--all")).out)
    assert list(some) == list(every) == ["models"]
    names = {card["id"] for card in every["models"]}
    assert names > {card["id"] for card in some["models"]} > {"gpt-5.5"}
    assert names > {"grok-code-fast-1", "text-embedding-3-small"}
    assert set(every["models"][0]) == {
        *("id", "name", "vendor", "family", "kind", "endpoints", "dialects", "context", "prompt", "output", "vision"),
        *("tools", "thinks", "efforts", "preview", "picker", "default"),
        *("category", "policy", "multiplier", "prices", "aliases"),
    }


async def test_one_model_is_told_by_its_name_and_a_wrong_one_gets_the_nearest(command: Command, proxy: Proxy) -> None:
    one = await asked(command, proxy, "claude-opus-4-5")
    assert re.search(r"^model +claude-opus-4\.5$", one.out, re.MULTILINE)
    wrong = await asked(command, proxy, "gtp-5.5", "--json")
    assert (wrong.code, wrong.out) == (2, "")
    assert "did you mean gpt-5.5" in wrong.err


async def test_without_a_server_copilot_itself_is_asked(command: Command, simulator: Simulator, home: Path) -> None:
    (home / "mine.toml").write_text(
        simulator.config_toml() + '[models.aliases]\nquick = "gpt-5-mini"\n[server]\nport = 0\n'
    )
    env = {"COPILOT_GITHUB_TOKEN": simulator.login_token}
    ended = await asyncio.to_thread(command, "models", "-c", "mine.toml", env=env)
    assert (ended.code, ended.err) == (0, "")
    assert "Your names: quick = gpt-5-mini." in ended.out
    assert len(simulator.seen("/models")) == 1


def test_without_a_server_and_a_login_the_exit_code_says_so(command: Command) -> None:
    ended = command("models", "--port", "0")
    assert (ended.code, ended.out) == (4, "")
    assert "passenger login" in ended.err


async def test_a_server_with_keys_is_shown_the_users_own(command: Command, simulator: Simulator, home: Path) -> None:
    config = '[server]\napi_keys = ["a-key-in-the-settings"]\n'
    async with running(simulator, home, config=config) as proxy:
        by_settings = await asked(command, proxy, "gpt-5.5", "-c", "settings.toml")
        by_variable = await asked(command, proxy, "gpt-5.5", PASSENGER_KEY="a-key-in-the-settings")
        by_neither = await asked(command, proxy, "gpt-5.5")
    assert by_settings.out == by_variable.out
    assert by_settings.code == by_variable.code == 0
    assert (by_neither.code, by_neither.out) == (1, "")
    assert "PASSENGER_KEY" in by_neither.err


async def on_terminal(home: Path, columns: int, *arguments: str) -> Sequence[str]:
    """What a terminal of that width shows, line by line."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = environment(home, {"TERM": "xterm"})
    process = await start(home, arguments, variables, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = await asyncio.to_thread(_read, ours)
    await process.wait()
    os.close(ours)
    return re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()


def _read(terminal: int) -> str:
    pieces = list[bytes]()
    try:
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    except OSError:  # Linux says so that nobody is at the other end any more
        pass
    return b"".join(pieces).decode()


@pytest.mark.parametrize("columns", [80, 100])
async def test_the_table_and_what_is_told_of_one_fit_a_terminal(proxy: Proxy, home: Path, columns: int) -> None:
    lines = await on_terminal(home, columns, "models", "--port", port_of(proxy))
    assert max(map(len, lines)) <= columns
    models = [line for line in lines if re.match(r"(gpt|claude|gemini)-\S+ +\d", line)]
    assert len(models) > 15
    assert {line.split()[0] for line in models} > {"gemini-3-flash-preview", "claude-opus-4.6-1m"}
    one = await on_terminal(home, columns // 2, "models", "gpt-5.5", "--port", port_of(proxy))
    assert max(map(len, one)) <= columns // 2
    assert "counts as 7.5 premium" in " ".join(one)
