"""Lines reach a stream that may be slow, closed or full, and an event is made into a line only when it is written."""

import asyncio
import io
import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from passenger.observe.line_handler import LineHandler, LogEvent, say
from passenger.observe.log import ConsoleFormatter, Style, levels, setup
from passenger.observe.redaction import STARS, Redactor
from tests.proxy import eventually


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger whose records go where the test's handler puts them, and nowhere else."""
    logger = logging.Logger("test")  # noqa: LOG001 - one that no other test can see
    yield logger
    for handler in logger.handlers:
        handler.close()


def _attach(logger: logging.Logger, stream: io.TextIOBase | None) -> None:
    handler = LineHandler(stream)  # type: ignore[arg-type]  # a TextIOBase is all that a TextIO needs to be here
    handler.setFormatter(ConsoleFormatter(Redactor(), color=False))
    logger.addHandler(handler)


def test_lines_reach_a_stream_that_is_no_file(logger: logging.Logger) -> None:
    stream = io.StringIO()
    _attach(logger, stream)
    logger.info("é")
    assert stream.getvalue().endswith(" INFO é\n")


def test_lines_longer_than_a_pipe_s_page_arrive_whole(logger: logging.Logger, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        _attach(logger, stream)
        logger.info("x" * 100_000)
    assert (tmp_path / "log").read_text().endswith(f" {'x' * 100_000}\n")


def test_no_stream_a_closed_one_and_one_without_a_reader_are_borne(logger: logging.Logger) -> None:
    closed = io.StringIO()
    closed.close()
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as widowed:
        for stream in (None, closed, widowed):
            _attach(logger, stream)
        logger.error("still here")


def test_a_full_pipe_blocks_nobody_and_what_was_lost_is_counted(logger: logging.Logger) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream, os.fdopen(read, "rb") as reader:
        _attach(logger, stream)
        for _ in range(300):
            logger.info("x" * 1000)
        os.set_blocking(read, False)
        written = reader.read()
        logger.info("and on")
        rest = reader.read()
    assert len(written) < 300_000
    lost = int(re.findall(rb"log lines lost: nobody read them lost=(\d+)\n", rest)[0])
    assert written.count(b"INFO") + lost in {300, 301}  # the line that was cut in the middle counts as lost too
    assert rest.endswith(b" INFO and on\n")


async def test_lines_that_follow_one_another_at_once_are_written_together(logger: logging.Logger) -> None:
    stream = io.StringIO()
    _attach(logger, stream)
    logger.info("one")
    logger.info("two")
    logger.info("three")
    assert stream.getvalue().count("\n") == 1
    await eventually(lambda: stream.getvalue().count("\n") == 3)
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == ["one", "two", "three"]


async def test_a_warning_does_not_wait_and_comes_after_what_was_before_it(logger: logging.Logger) -> None:
    stream = io.StringIO()
    _attach(logger, stream)
    for level, text in ((logging.INFO, "one"), (logging.INFO, "two"), (logging.WARNING, "three")):
        logger.log(level, text)
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == ["one", "two", "three"]


def test_what_waits_when_the_loop_has_ended_is_written_with_the_next_line_or_at_the_exit(
    logger: logging.Logger,
) -> None:
    async def say_two() -> None:
        logger.info("one")
        logger.info("two")

    stream = io.StringIO()
    _attach(logger, stream)
    asyncio.run(say_two())
    logger.info("three")
    asyncio.run(say_two())
    logger.handlers[0].flush()
    said = [line.split()[-1] for line in stream.getvalue().splitlines()]
    assert said == ["one", "two", "three", "one", "two"]


def _say(logger: logging.Logger, letter: str) -> None:
    for _ in range(20):
        logger.info(letter * 5000)


def test_two_threads_do_not_mix_their_lines(logger: logging.Logger, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        _attach(logger, stream)
        threads = [threading.Thread(target=_say, args=(logger, letter)) for letter in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = [line.split(" ")[2] for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(lines) == ["a" * 5000] * 20 + ["b" * 5000] * 20


@pytest.fixture
def root() -> Iterator[None]:
    """The root logger, put back as it was."""
    root, ours = logging.getLogger(), logging.getLogger("passenger")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], root.level, ours.level = before


@pytest.mark.usefixtures("root")
def test_our_records_and_those_of_libraries_have_levels_of_their_own() -> None:
    stream = io.StringIO()
    setup(levels({}, verbosity=1), redactor=Redactor(), stream=stream)
    logging.getLogger("passenger.server").debug("ours")
    logging.getLogger("aiohttp").info("theirs")
    logging.getLogger("aiohttp").warning("their trouble")
    assert [line.split(" ", 2)[2] for line in stream.getvalue().splitlines()] == ["ours", "their trouble"]


@pytest.mark.usefixtures("root")
def test_set_up_twice_each_line_is_written_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    setup(levels({}), redactor=Redactor(), stream=first)
    setup(levels({"PASSENGER_LOG": "loud"}), redactor=Redactor(), stream=second, style="json")
    assert first.getvalue() == ""
    [line] = second.getvalue().splitlines()
    assert json.loads(line)["message"].startswith("PASSENGER_LOG=loud is ignored")


class _Said(LogEvent):
    """An event of a text and one field."""

    def __init__(self, text: str, brief: str | None = None) -> None:
        self._text = text
        self._brief = brief

    def __str__(self) -> str:
        return self._text

    def brief(self) -> str | None:
        return self._brief

    def fields(self) -> dict[str, object]:
        return {"key": "ghu_fake1"}


class _Kept(logging.Handler):
    """A handler of somebody else's."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def requests(root: None) -> Iterator[logging.Logger]:
    """The logger of requests."""
    logger = logging.getLogger("passenger.request")
    yield logger
    logger.handlers[:], logger.filters[:], logger.propagate = [], [], True


def _alone(verbosity: int = 0, style: Style = "text") -> io.StringIO:
    """What our handler writes, with no other one beside it: pytest has its own."""
    stream = io.StringIO()
    logging.getLogger().handlers[:] = []
    setup(levels({}, verbosity=verbosity), redactor=Redactor(), style=style, stream=stream)
    return stream


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("verbosity", [0, 1])
@pytest.mark.parametrize("brief", [None, "in short ghu_fake1"])
@pytest.mark.proves("T4", "promise 2")
def test_an_event_that_is_said_makes_the_line_of_one_that_is_logged(
    requests: logging.Logger, style: Style, verbosity: int, brief: str | None
) -> None:
    stream = _alone(verbosity, style)
    event = _Said("it is done", brief)
    say(requests, logging.WARNING, event)
    requests.warning(event)
    said, logged = (re.sub(r"[\d:.TZ-]{8,}", "", line) for line in stream.getvalue().splitlines())
    assert said == logged
    assert STARS in said


def test_events_are_shown_from_their_level_on_and_in_turn_with_other_records(requests: logging.Logger) -> None:
    stream = _alone()
    say(requests, logging.DEBUG, _Said("zero", "zero"))
    say(requests, logging.INFO, _Said("one", "one"))
    requests.info("two")
    say(requests, logging.INFO, _Said("three", "three"))
    logging.getLogger().handlers[0].setLevel(logging.WARNING)
    say(requests, logging.INFO, _Said("four", "four"))
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == ["one", "two", "three"]


@pytest.mark.parametrize("place", ["passenger.request", "passenger", None])
def test_whoever_listens_with_a_handler_of_his_own_gets_whole_records(
    requests: logging.Logger, place: str | None
) -> None:
    stream, kept = _alone(), _Kept()
    logging.getLogger(place).addHandler(kept)
    event = _Said("it is done", "in short")
    say(requests, logging.INFO, event)
    logging.getLogger(place).removeHandler(kept)
    (record,) = kept.records
    assert (record.msg, record.levelname, record.name) == (event, "INFO", "passenger.request")
    assert record.getMessage() == "it is done"
    assert set(logging.makeLogRecord({}).__dict__) <= set(record.__dict__)
    assert stream.getvalue().endswith("in short\n")


def test_where_our_handler_is_not_asked_nothing_is_written(requests: logging.Logger) -> None:
    stream, kept = _alone(), _Kept()
    requests.addHandler(kept)
    requests.propagate = False
    say(requests, logging.INFO, _Said("it is done"))
    assert len(kept.records) == 1
    assert not stream.getvalue()


def test_filters_and_factories_of_somebody_else_see_the_record(
    requests: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, seen = _alone(), list[str]()

    def see(record: logging.LogRecord) -> bool:
        seen.append(record.getMessage())
        return True

    requests.addFilter(see)
    say(requests, logging.INFO, _Said("filtered"))
    requests.filters[:] = []

    def made(*arguments: Any, **named: Any) -> logging.LogRecord:
        seen.append("made")
        return logging.LogRecord(*arguments, **named)

    monkeypatch.setattr(logging, "_logRecordFactory", made)
    say(requests, logging.INFO, _Said("made"))
    assert seen == ["filtered", "made"]
    assert stream.getvalue().count("\n") == 2


class _Counted(logging.Logger):
    """A logger of somebody else's, which sees what it is told."""

    handled = 0

    def handle(self, record: logging.LogRecord) -> None:
        self.handled += 1


def test_a_logger_of_another_class_is_told_itself() -> None:
    logger = _Counted("test")
    _attach(logger, io.StringIO())
    say(logger, logging.INFO, _Said("it is done"))
    assert logger.handled == 1
