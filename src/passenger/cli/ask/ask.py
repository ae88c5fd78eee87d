"""`passenger ask`: a question on the command line, its answer on stdout, and what it took on stderr."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

import click

from passenger.account.principal import ANYONE
from passenger.cli import reach
from passenger.cli.ask.asking import Words, ask_server, question_of
from passenger.cli.outcome import complain
from passenger.clients.models import NoModelError, usual
from passenger.config.invocation import Invocation
from passenger.config.loading import Loaded
from passenger.copilot.model_cards import ModelCard
from passenger.errors import Failure, Kind
from passenger.observe.amounts import cost, elapsed
from passenger.observe.records import RequestRecord
from passenger.observe.redaction import Redactor
from passenger.server.process.exit_codes import OK, USAGE
from passenger.server.process.signals import heed_interrupts

UNKNOWN_MODEL = "model_not_found"


@dataclass(frozen=True)
class World:
    """What a question is asked with."""

    invocation: Invocation
    loaded: Loaded
    redactor: Redactor


def run(invocation: Invocation, *, question: str, model: str | None) -> int:
    """Ask, and exit 2 where there is no question or no such model."""
    world = World(*reach.begin(invocation))
    heed_interrupts()
    text = "\n\n".join(filter(None, (question.strip(), read_stdin(sys.stdin, world.loaded.config.limits.max_body))))
    if not text:
        raise click.UsageError('Ask something: passenger ask "QUESTION", or write it into stdin.')
    words, voice = Words(), Voice(sys.stdout)
    try:
        record = _ask(world, text, model, words, voice)
    except Failure as failure:
        voice.end()
        if failure.code == UNKNOWN_MODEL:
            return complain(str(failure), USAGE)
        raise
    except KeyboardInterrupt:
        voice.end()
        raise
    voice.end()
    if not invocation.quiet:
        click.echo(summary(record, words), err=True)
    return OK


def _ask(world: World, text: str, model: str | None, words: Words, voice: "Voice") -> RequestRecord | None:
    found = reach.look(world.invocation, world.loaded)
    if found.state == "ours":
        name = model or default_model(reach.ask(found.server.models))
        try:
            return ask_server(found.server, question_of(name, text), words, voice.say)
        except Failure as failure:
            if failure.code != reach.WRONG_KEY:
                raise
            # No login would mend a server's refusal of our key.
            raise Failure(Kind.UPSTREAM, f"{failure}{reach.KEY_REMEDY}", code=reach.WRONG_KEY) from failure
    reach.warn_of_stranger(found)
    return _ask_here(world, text, model, words, voice)


def _ask_here(world: World, text: str, model: str | None, words: Words, voice: "Voice") -> RequestRecord:
    from passenger.cli.ask.in_process import ask_gateway, own_gateway  # noqa: PLC0415 - half a second that a server saves us
    from passenger.copilot.model_cards import cards_of  # noqa: PLC0415 - see above
    from passenger.server.process.event_loop import run_loop  # noqa: PLC0415 - see above

    async def ask() -> RequestRecord:
        async with own_gateway(world.invocation, world.loaded, world.redactor) as gateway:
            name = model
            if name is None:
                catalog = await gateway.models(ANYONE)
                name = default_model(cards_of(catalog.models.values(), catalog.aliases, catalog.find))
            return await ask_gateway(gateway, question_of(name, text), words, voice.say)

    return run_loop(ask())


def default_model(cards: Sequence[ModelCard]) -> str:
    """The model for a question that names none.

    Raises:
        Failure: the account has none.
    """
    try:
        return usual(cards).id
    except NoModelError as error:
        raise Failure(Kind.NOT_FOUND, str(error), code=UNKNOWN_MODEL) from error


def read_stdin(stream: TextIO | None, most: int) -> str:
    """What comes in on stdin, nothing from a terminal.

    Raises:
        Failure: it is no text in UTF-8, or more than `most` bytes.
    """
    if stream is None or stream.isatty():
        return ""
    content = stream.buffer.read(most + 1)
    if len(content) > most:
        raise Failure(Kind.TOO_LARGE, f"stdin is larger than {most} bytes ([limits] max_body)")
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise Failure(Kind.INVALID, f"stdin is not UTF-8 text (byte {error.start})") from error


class Voice:
    """Says words on a stream at once; on a terminal without what would steer it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._steered = stream.isatty()
        self._last = "\n"

    def say(self, text: str) -> None:
        """Say some words."""
        self._last = text[-1:]
        encoding = self._stream.encoding or "utf-8"
        text = text.encode(encoding, "replace").decode(encoding)
        self._stream.write("".join(map(_harmless, text)) if self._steered else text)
        self._stream.flush()

    def end(self) -> None:
        """End the last line."""
        if self._last != "\n":
            self._last = "\n"
            self._stream.write("\n")
            self._stream.flush()


def _harmless(char: str) -> str:
    return char if (char >= " " and not "\x7f" <= char <= "\x9f") or char in "\n\t" else "\N{REPLACEMENT CHARACTER}"


def summary(record: RequestRecord | None, words: Words) -> str:
    """What the answer took, in one line: model and way, tokens, time to the first word, cost."""
    parts = [] if record is None else [f"{record.model} via {record.dialect} ({record.mode})"]
    if record is not None and record.input is not None:
        parts += [f"{record.input:,} in", f"{record.output or 0:,} out"]
    if words.first is not None:
        parts.append(f"first word {elapsed(words.first)}")
    if record is not None:
        parts.append(cost(record.credits, record.premium_requests))
        parts += [f"without {', '.join(record.dropped)}"] if record.dropped else []
    if words.finish not in {None, "stop"}:
        parts.append(f"cut short: {words.finish}")
    return "  ".join(parts)
