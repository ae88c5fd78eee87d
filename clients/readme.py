"""`python -m clients.readme`: run what README and docs/clients tell people to type, with the real programs.

An example is a block of a page as it stands there, with the files that the page names beside it. Only the address and
the place `MODEL` are changed, and the program is given a question on its command line, so that it needs no terminal. It
has passed when the program ended well, showed the simulated model's answer, and was refused nothing.
"""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clients.install import NODE, NotInstalledError, cache, installed
from clients.programs import TURNS
from clients.stage import play
from clients.turn import Command, Program, Setting, Turn
from clients.verdict import PASSED, Seen, last_words, plain, refused

ROOT = Path(__file__).parent.parent
README, PAGE = "README.md", "docs/clients"
ADDRESS = "http://127.0.0.1:8081"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS: Mapping[str, Program] = {turn.program.name: turn.program for turn in TURNS}
HELLO = '"Say hello"'
SHELL = Path("/bin/sh")
QUIET = {"DISABLE_AUTOUPDATER": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
"""Variables beside those of the page: programs are told not to look for updates."""


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    page: str
    language: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """Something to type: the block with the text `block`, or `run` where the page has it in a sentence.

    `ask` makes it need no terminal: the last place of its first text is replaced by its second. `files` are blocks,
    too, by the path that the page puts them at, below the home or, with `work/`, the working directory.
    """

    program: str
    page: str = PAGE
    block: str = ""
    run: str = ""
    ask: tuple[str, str] = ("", "")
    model: str = "claude-opus-4.6"
    files: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.page}, {self.program}: {self.block or self.run}"


CLAUDE = ("claude", f"claude -p {HELLO}")
CODEX = ("codex", "codex exec --skip-git-repo-check")
GEMINI = ("gemini -m", f"gemini --skip-trust -p {HELLO} -m")
QWEN = ("qwen", f"qwen -p {HELLO}")
AIDER = (
    "aider",
    f"aider --message {HELLO} --yes-always --no-git --no-check-update --no-analytics --no-show-release-notes",
)

EXAMPLES: Sequence[Example] = (
    Example(program="claude-code", block="export ANTHROPIC_MODEL=MODEL", ask=CLAUDE),
    Example(
        program="claude-code",
        run=f"claude -p {HELLO}",
        files={".claude/settings.json": "ANTHROPIC_DEFAULT_OPUS_MODEL"},
    ),
    Example(
        program="codex",
        run=f"codex exec --skip-git-repo-check {HELLO}",
        files={".codex/config.toml": "[model_providers.passenger]"},
    ),
    Example(program="codex", block="codex -m MODEL", ask=("'\n", f"' exec --skip-git-repo-check {HELLO}\n")),
    Example(program="codex", block="codex --oss", ask=("MODEL\n", f"MODEL exec --skip-git-repo-check {HELLO}\n")),
    Example(program="codex", block="-c openai_base_url"),
    Example(
        program="gemini-cli",
        block="export GEMINI_API_KEY",
        ask=GEMINI,
        files={".gemini/settings.json": "gemini-api-key"},
    ),
    Example(
        program="gemini-cli",
        run=f"GEMINI_CLI_HOME=~/.gemini-passenger GOOGLE_GEMINI_BASE_URL={ADDRESS} GEMINI_API_KEY=any "
        f"gemini --skip-trust -p {HELLO} -m MODEL",
        files={".gemini-passenger/.gemini/settings.json": "gemini-api-key"},
    ),
    Example(
        program="opencode",
        block="opencode -m",
        ask=("opencode -m passenger/MODEL", f"opencode run -m passenger/MODEL {HELLO}"),
        files={"work/opencode.json": "@ai-sdk/openai-compatible"},
    ),
    Example(program="qwen-code", block="--auth-type openai -m", ask=QWEN),
    Example(program="qwen-code", block="--auth-type openai-responses", ask=QWEN),
    Example(program="qwen-code", block="--auth-type anthropic", ask=QWEN),
    Example(program="qwen-code", block="--auth-type gemini", ask=QWEN),
    Example(
        program="copilot",
        block="COPILOT_PROVIDER_BASE_URL",
        ask=("copilot\n", f"copilot -p {HELLO} --allow-all-tools\n"),
    ),
    Example(program="aider", block="aider --model openai/", ask=AIDER),
    Example(program="aider", block="aider --model anthropic/", ask=AIDER),
    Example(program="aider", block="aider --model ollama_chat/", ask=AIDER),
    Example(program="continue", run=f"cn -p {HELLO}", files={".continue/config.yaml": "schema: v1"}),
    Example(
        program="llm",
        block="llm -m passenger",
        files={".config/io.datasette.llm/extra-openai-models.yaml": "model_id: passenger"},
    ),
    Example(program="llm", block="llm -m ollama/MODEL"),
)


def blocks(page: str) -> list[Block]:
    """Every block of code on a page of the repository, or on the pages of a directory."""
    path = ROOT / page
    texts = [one.read_text(encoding="utf-8") for one in (sorted(path.glob("*.md")) if path.is_dir() else [path])]
    return [Block(page, found[1], found[2]) for text in texts for found in FENCE.finditer(text)]


def block(page: str, text: str) -> Block:
    """The one block of a page that holds this text.

    Raises:
        LookupError: there is none, or more than one.
    """
    found = [one for one in blocks(page) if text in one.text]
    if len(found) != 1:
        raise LookupError(f"{page} has {len(found)} blocks with {text!r}")
    return found[0]


def typed(example: Example) -> str:
    """What is run, with the address and `MODEL` as they stand on the page."""
    text = example.run or block(example.page, example.block).text
    before, found, after = text.rpartition(example.ask[0]) if example.ask[0] else (text, "", "")
    if example.ask[0] and not found:
        raise LookupError(f"{example}: there is no {example.ask[0]!r} in it")
    return before + example.ask[1] + after


def verdict(seen: Seen, model: str) -> str:
    """`passed`, or the first thing that is wrong."""
    if seen.ended.code != 0:
        return f"exit code {seen.ended.code}: {last_words(seen.ended)}"
    if f"Simulated {model} here" not in plain(seen.ended.stdout):
        return f"the answer is not shown: {last_words(seen.ended)}"
    if found := refused(seen.asked):
        return f"it was refused: {', '.join(map(str, found))}"
    return PASSED


def turn(example: Example, command: Path) -> Turn:
    """The example as a turn: its lines in a shell, its files where the page puts them."""

    def settled(text: str, setting: Setting) -> str:
        return re.sub(r"\bMODEL\b", example.model, text.replace(ADDRESS, setting.url))

    def made(setting: Setting) -> Command:
        named = {place(path, setting): block(example.page, text).text for path, text in example.files.items()}
        return Command(
            arguments=["-e", "-c", settled(typed(example), setting)],
            env={"PATH": f"{command.parent}:{NODE}:{os.environ.get('PATH', os.defpath)}", **QUIET},
            files={path: settled(text, setting) for path, text in named.items()},
        )

    return Turn(program=PROGRAMS[example.program], dialect="chat", told="as the page says", command=made)


def place(path: str, setting: Setting) -> Path:
    """Where a file belongs: below the working directory if its path says so, else below the home."""
    return setting.work / path.removeprefix("work/") if path.startswith("work/") else setting.home / path


async def result(example: Example, where: Path, seconds: float) -> str:
    """Run an example, after its program is installed if it was not yet, and say how it went."""
    try:
        command = await installed(PROGRAMS[example.program], where)
    except NotInstalledError as error:
        return f"not installed: {error}"
    played = await play(turn(example, command), example.model, SHELL, seconds)
    return verdict(played.seen, example.model)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the examples of these programs, all by default; exit code 1 where one did not pass."""
    names = sorted({example.program for example in EXAMPLES})
    parser = argparse.ArgumentParser(prog="python -m clients.readme", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--cache", type=Path, default=cache(), help="where programs are installed (%(default)s)")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds that one may take (%(default)s)")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(names):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    chosen = [example for example in EXAMPLES if not given.names or example.program in given.names]
    return asyncio.run(_all(chosen, given.cache, given.patience))


async def _all(examples: Sequence[Example], where: Path, seconds: float) -> int:
    results: list[str] = []
    for example in examples:
        results.append(await result(example, where, seconds))
        print(f"{example}: {results[-1]}", flush=True)
    passed = results.count(PASSED)
    print(f"{passed} passed, {len(results) - passed} failed")
    return int(passed != len(results))


if __name__ == "__main__":
    sys.exit(main())
