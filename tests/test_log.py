"""A log line is one line, shows no secret and stops nobody."""

import asyncio
import io
import json
import logging
import os
import re
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.linehandler import Event, LineHandler, say
from passenger.log import (
    STARS,
    ConsoleFormatter,
    JsonFormatter,
    Redactor,
    Style,
    levels,
    one_line,
    plain,
    setup,
    wants_color,
)
from passenger.secret import Secret
from tests.proxy import eventually

# --- secrets -----------------------------------------------------------------------------------------------------


@pytest.mark.proves("T4", "promise 2")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("login ghu_simulated1 works", "login *** works"),
        ("gho_fake2,ghp_fake3 ghs_fake4 ghr_fake5", "***,*** *** ***"),
        ("github_pat_11FAKE_fake", "***"),
        ("tid=fake;exp=1;sku=x:mac and more", "*** and more"),
        ("Authorization: Bearer fake-token", "Authorization: Bearer ***"),
        ("authorization: bearer fake", "authorization: bearer ***"),
        ("key sk-fakefakefakefakefake", "key ***"),
        ('{"token":"tid=fake;exp=1"}', '{"token":"***"}'),
        ("send a bearer token", "send a bearer token"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_what_has_the_shape_of_a_token_is_hidden(text: str, shown: str) -> None:
    assert Redactor().redact(text) == shown


@given(
    st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4 and not set(text) & set(STARS)),
    st.text(),
    st.text(),
)
def test_a_registered_secret_is_never_shown(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    shown = redactor.redact(f"{before}{secret}{after}")
    assert STARS in shown
    assert secret not in shown.split(STARS)


def test_a_secret_that_holds_another_is_hidden_whole() -> None:
    redactor = Redactor()
    redactor.add("opensesame")
    redactor.add(Secret("opensesame-and-more"))
    assert redactor.redact("opensesame-and-more opensesame") == "*** ***"


def test_a_secret_is_hidden_as_it_is_written_in_urls_and_json_too() -> None:
    redactor = Redactor()
    redactor.add('a/b"c d')
    assert redactor.redact('x=a%2Fb%22c%20d {"x": "a/b\\"c d"}') == 'x=*** {"x": "***"}'


def test_of_secrets_that_follow_each_other_the_last_few_are_hidden_and_those_that_last() -> None:
    redactor = Redactor()
    redactor.add("a-key-of-ours")
    for number in range(1000):
        redactor.add_passing("the-login")
        redactor.add_passing(f"token-{number:04}")
    assert redactor.redact("a-key-of-ours the-login token-0999 token-0993 token-0992") == "*** *** *** *** token-0992"


def test_secrets_of_a_long_life_cost_no_memory() -> None:
    redactor = Redactor()
    tracemalloc.start()
    for number in range(200):
        redactor.add_passing(f"token={number};" * 100)
        redactor.redact("a line")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 500_000


def test_a_secret_too_short_to_be_one_hides_no_words() -> None:
    redactor = Redactor()
    redactor.add("a")
    redactor.add("   \n ")
    assert redactor.redact("banana   \n split") == "banana   \n split"


# --- levels and colour -------------------------------------------------------------------------------------------

DEBUG, INFO, WARN, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR


@pytest.mark.parametrize(
    ("environ", "flags", "expected"),
    [
        ({}, {}, (INFO, WARN)),
        ({}, {"verbosity": 1}, (DEBUG, WARN)),
        ({}, {"verbosity": 2}, (DEBUG, DEBUG)),
        ({}, {"verbosity": 9}, (DEBUG, DEBUG)),
        ({}, {"quiet": True}, (WARN, WARN)),
        ({"PASSENGER_LOG": "debug"}, {"quiet": True}, (WARN, WARN)),
        ({"PASSENGER_LOG": "error"}, {"verbosity": 1}, (DEBUG, WARN)),
        ({"PASSENGER_LOG": "debug"}, {}, (DEBUG, WARN)),
        ({"PASSENGER_LOG": "DEBUG"}, {}, (DEBUG, WARN)),
        ({"PASSENGER_LOG": "warn"}, {}, (WARN, WARN)),
        ({"PASSENGER_LOG": "warning"}, {}, (WARN, WARN)),
        ({"PASSENGER_LOG": "error"}, {}, (ERROR, ERROR)),
        ({"PASSENGER_LOG": "trace"}, {}, (DEBUG, DEBUG)),
        ({"PASSENGER_LOG": "info", "RUST_LOG": "debug"}, {}, (INFO, WARN)),
        ({"PASSENGER_LOG": "", "RUST_LOG": "debug"}, {}, (DEBUG, WARN)),
        ({"RUST_LOG": "passenger=debug,info"}, {}, (DEBUG, WARN)),
        ({"RUST_LOG": "info,passenger=debug"}, {}, (DEBUG, WARN)),
        ({"RUST_LOG": "passenger_rs=error,hyper=trace"}, {}, (ERROR, ERROR)),
        ({"RUST_LOG": "hyper=trace"}, {}, (INFO, WARN)),
        ({"RUST_LOG": "debug/regex"}, {}, (DEBUG, WARN)),
        ({"RUST_LOG": "nonsense"}, {}, (INFO, WARN)),
    ],
)
def test_flags_beat_our_variable_which_beats_rust_s(
    environ: dict[str, str], flags: dict[str, int], expected: tuple[int, int]
) -> None:
    chosen = levels(environ, verbosity=flags.get("verbosity", 0), quiet=bool(flags.get("quiet")))
    assert (chosen.ours, chosen.libraries, chosen.complaint) == (*expected, None)


def test_off_shows_nothing() -> None:
    assert levels({"PASSENGER_LOG": "off"}).ours > logging.CRITICAL


def test_a_level_nobody_knows_is_complained_of() -> None:
    complaint = levels({"PASSENGER_LOG": "loud\n"}).complaint
    assert complaint is not None
    assert complaint.startswith("PASSENGER_LOG=loud\\n is ignored: it must be one of off, critical, error")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "color"),
    [
        (_Terminal(), {}, True),
        (_Terminal(), {"TERM": "xterm"}, True),
        (_Terminal(), {"TERM": "dumb"}, False),
        (_Terminal(), {"NO_COLOR": "1"}, False),
        (_Terminal(), {"NO_COLOR": ""}, True),
        (_Terminal(), {"CLICOLOR": "0"}, False),
        (_Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"CLICOLOR_FORCE": "1"}, True),
        (io.StringIO(), {"CLICOLOR_FORCE": "0"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        (None, {}, False),
    ],
)
def test_colour_is_for_terminals_and_for_who_asks(
    stream: io.StringIO | None, environ: dict[str, str], *, color: bool
) -> None:
    assert wants_color(stream, environ) is color


# --- lines -------------------------------------------------------------------------------------------------------


def _record(message: str, *arguments: object, level: str = "INFO", **extra: object) -> logging.LogRecord:
    fields = {"msg": message, "args": arguments, "levelname": level, "name": "passenger.x", "created": 1_700_000_000.25}
    return logging.makeLogRecord({**fields, **extra})


def _console(record: logging.LogRecord, redactor: Redactor | None = None, *, color: bool = False) -> str:
    return ConsoleFormatter(redactor or Redactor(), color=color).format(record)


def _json(record: logging.LogRecord, redactor: Redactor | None = None) -> dict[str, object]:
    line: dict[str, object] = json.loads(JsonFormatter(redactor or Redactor()).format(record))
    return line


def test_a_console_line_is_clock_level_message_and_pairs() -> None:
    line = _console(_record("%s answered", "gpt-4.1", status=200, ms=1.5, note="a b", none=None, empty=""))
    clock, _, rest = line.partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:20", clock)
    assert rest == 'INFO gpt-4.1 answered status=200 ms=1.5 note="a b" none=null empty=""'


def test_only_the_level_is_coloured() -> None:
    line = _console(_record("x", level="WARNING"), color=True)
    assert line.endswith(" \x1b[33mWARNING\x1b[0m x")
    assert "\x1b" not in _console(_record("x"), color=True)


def test_a_json_line_has_utc_time_level_logger_message_and_fields() -> None:
    assert _json(_record("%d done", 3, status=200, tags=["a", {"b": 1}])) == {
        "ts": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "passenger.x",
        "message": "3 done",
        "status": 200,
        "tags": ["a", {"b": 1}],
    }


def test_an_extra_field_cannot_pass_for_one_of_the_line_s_own() -> None:
    assert _json(_record("x", ts="never", level="WARNING", logger="other"))["logger"] == "passenger.x"


def test_a_number_that_json_has_not_is_text() -> None:
    assert _json(_record("x", ms=float("nan")))["ms"] == "nan"


@given(st.text(), st.text())
def test_whatever_is_logged_is_one_line(message: str, value: str) -> None:
    record = _record("%s", message, field=value)
    assert _console(record).isprintable()
    assert JsonFormatter(Redactor()).format(record).isascii()
    assert _json(record)["message"] == Redactor().redact(message)


def test_control_and_direction_characters_are_written_out() -> None:
    assert one_line("a\r\nb\x1b[2J\u2028\u202e\udcff é") == "a\\r\\nb\\x1b[2J\\u2028\\u202e\\udcff é"


def test_a_format_that_does_not_fit_is_logged_as_it_stands() -> None:
    assert _console(_record("%d done", "three")).endswith("%d done ('three',)")


def _failed(message: str) -> logging.LogRecord:
    try:
        raise ValueError(message)  # noqa: TRY301 - a traceback of one frame is all that is wanted
    except ValueError:
        return _record("it broke", exc_info=sys.exc_info())


def test_the_lines_of_a_traceback_are_indented_so_that_none_can_pass_for_a_record() -> None:
    first, *rest = _console(_failed("no\n12:00:00 INFO forged")).split("\n")
    assert first.endswith("it broke")
    assert rest
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.proves("T4", "promise 2")
def test_secrets_are_hidden_in_the_message_the_fields_and_the_traceback() -> None:
    redactor = Redactor()
    redactor.add("opensesame")
    record = _failed("opensesame ghu_fake1")
    record.msg, record.args = "%s said", ("opensesame",)
    record.__dict__ |= {"field": "opensesame", "nested": {"opensesame": ["opensesame", Secret("opensesame")]}}
    for line in (_console(record, redactor), JsonFormatter(redactor).format(record)):
        assert "opensesame" not in line
        assert "ghu_" not in line
        assert line.count(STARS) >= 6


@given(
    st.dictionaries(
        st.text(max_size=8) | st.sampled_from(["ghu_fake1", "opensesame"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.integers(min_value=10**400, max_value=10**400 + 9)
        | st.floats()
        | st.text()
        | st.sampled_from(["ghu_fake1", 'a"opensesame\n', "open", "sesame", "Bearer", "tid=fake"])
        | st.lists(st.text() | st.sampled_from(["ghu_fake1"])),
        max_size=5,
    )
)
@pytest.mark.proves("T4", "promise 2")
def test_fields_that_are_cleaned_together_are_as_those_that_are_cleaned_one_by_one(fields: dict[str, object]) -> None:
    redactor = Redactor()
    redactor.add("opensesame")
    clean = redactor.clean(fields)
    if redactor.is_clean(fields):
        assert json.dumps(clean) == json.dumps(fields)
    record = _record("x")
    record.__dict__ |= {f"_{name}": value for name, value in fields.items()}
    expected = redactor.clean({f"_{name}": value for name, value in fields.items()})
    assert _json(record, redactor).items() >= json.loads(json.dumps(expected)).items()


# --- writing -----------------------------------------------------------------------------------------------------


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
    logging.getLogger("passenger.web").debug("ours")
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


class _Said(Event):
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


def test_a_text_of_somebody_elses_keeps_its_lines_and_steers_no_terminal() -> None:
    assert plain("a\nb \x1b]52;c;x\x07\x9b2J\u202e\rc") == "a\nb \\x1b]52;c;x\\x07\\x9b2J\\u202e\\rc"


@given(st.integers(0, 30), st.text("x/ ", max_size=3))
def test_the_beginning_of_a_secret_that_was_cut_is_no_less_of_a_secret(kept: int, before: str) -> None:
    secret = "correct-horse-battery-staple-1"
    redactor = Redactor()
    redactor.add(secret)
    said = redactor.redact(f"{before}{secret[:kept]}… via {secret} x…")
    assert said == f"{before}{secret[:kept] if kept < 4 else '***'}… via *** x…"


def test_a_key_that_was_cut_is_known_by_its_shape() -> None:
    redactor = Redactor()
    assert redactor.redact("sk-a1b2c3d4… via") == "***… via"
    assert redactor.redact("sk-a1b2c3d4 via") == "sk-a1b2c3d4 via"
