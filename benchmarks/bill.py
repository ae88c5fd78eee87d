"""`python -m benchmarks.bill`: what an agent's talk costs through Passenger, for each client and model.

It runs on the simulator, whose model of the vendors' prompt caches says what each request would be billed
(docs/upstream.md): what is read from the cache at a tenth of the input's price, and what Claude writes to it at 1.25.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks import talks
from benchmarks.process import NotStartedError, await_answer, child, free_port
from passenger.simulator import Recorded, Simulator
from passenger.simulator import chat_question as chat
from passenger.simulator.caching import Cached, Prefix, PromptCache
from passenger.simulator.messages import question as messages
from passenger.simulator.responses import question as responses

MODELS = ("claude-sonnet-4.5", "claude-opus-5", "gpt-5.1", "gpt-5.5", "gemini-3-pro-preview")
TURNS = (10, 30)
READ, WRITTEN = 0.1, 1.25
"""Of the input's price."""

UPSTREAM = ("/chat/completions", "/v1/messages", "/responses")


@dataclass(frozen=True, slots=True)
class Bill:
    """Input tokens of some requests, and how many at the full price would cost the same."""

    tokens: int = 0
    billed: float = 0.0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(self.tokens + other.tokens, self.billed + other.billed)


@dataclass(frozen=True, slots=True)
class Row:
    """One client with one model: the single question, and the talk after each number of turns."""

    client: str
    model: str
    upstream: str
    question: Bill
    talk: tuple[Bill, ...]


def bill(asked: Iterable[Recorded]) -> Bill:
    """What requests to Copilot cost, one after another, on caches that are empty at first."""
    cache, total = PromptCache(), Bill()
    for request in asked:
        tokens, prefixes = _prompt(request)
        model = str(request.json()["model"])
        total += _billed(tokens, cache.use(model, prefixes), claude=model.startswith("claude"))
    return total


def _billed(tokens: int, cached: Cached, *, claude: bool) -> Bill:
    written = cached.written if claude else 0
    return Bill(tokens, tokens - cached.read - written + READ * cached.read + WRITTEN * written)


def _prompt(request: Recorded) -> tuple[int, list[Prefix]]:
    body = request.json()
    match request.route:
        case "/v1/messages":
            return messages.prompt_tokens(body), messages.prefixes_of(body)
        case "/responses":
            return responses.prompt_tokens(body), responses.prefixes_of(body)
        case _:
            return chat.prompt_tokens(body), chat.prefixes_of(body, marked=str(body["model"]).startswith("claude"))


# --- asking ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def passenger(simulator: Simulator, settings: str = "") -> AsyncIterator[str]:
    """The address of a Passenger on the simulator."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "settings.toml").write_text(simulator.config_toml() + settings)
        command = [sys.executable, "-m", "passenger", "-c", str(home / "settings.toml"), "--port", str(port)]
        env = {"HOME": name, "COPILOT_GITHUB_TOKEN": simulator.login_token}
        with child(command, env, home / "log") as process:
            await asyncio.to_thread(await_answer, process, port, "/health", home / "log")
            yield f"http://127.0.0.1:{port}"


async def measure(clients: Sequence[str], models: Sequence[str], settings: str = "") -> list[Row]:
    """The bill of each client with each model."""
    async with Simulator() as simulator, passenger(simulator, settings) as url, aiohttp.ClientSession(url) as http:
        return [await _row(simulator, http, client, model) for model in models for client in clients]


async def _row(simulator: Simulator, http: aiohttp.ClientSession, client: str, model: str) -> Row:
    simulator.requests.clear()
    await _ask(http, client, model, talks.question(client, model))
    single = bill(_sent(simulator))
    simulator.requests.clear()
    for turn in range(max(TURNS)):
        await _ask(http, client, model, talks.talk(client, model, turn))
    sent = _sent(simulator)
    return Row(client, model, sent[0].route, single, tuple(bill(sent[:turns]) for turns in TURNS))


async def _ask(http: aiohttp.ClientSession, client: str, model: str, body: talks.Json) -> None:
    async with http.post(talks.path(client, model), json=body) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{client} -> {model}: {answer.status} {await answer.text()}")
        await answer.read()


def _sent(simulator: Simulator) -> list[Recorded]:
    return [request for request in simulator.requests if request.route in UPSTREAM]


# --- telling -----------------------------------------------------------------------------------------------------


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown: thousands of tokens, and after the slash what is billed."""
    head = ["model", "client", "asked on", "question", *(f"{turns} turns" for turns in TURNS)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [row.model, row.client, f"`{row.upstream}`", *map(_cell, (row.question, *row.talk))]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(cost: Bill) -> str:
    return f"{cost.tokens / 1000:.1f} / {cost.billed / 1000:.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit code 1 where Passenger does not serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bill", description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", default=",".join(talks.CLIENTS), help="dialects, separated by commas")
    parser.add_argument("--models", default=",".join(MODELS), help="models, separated by commas")
    parser.add_argument("--no-marks", action="store_true", help="with [copilot] cache_marks = false")
    options = parser.parse_args(arguments)
    settings = "[copilot]\ncache_marks = false\n" if options.no_marks else ""
    try:
        rows = asyncio.run(measure(options.clients.split(","), options.models.split(","), settings))
    except (NotStartedError, RuntimeError) as error:
        print(f"bill: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
