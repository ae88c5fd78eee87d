"""A log line is one line, shows no secret and stops nobody."""

import io
import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.observe.log import ConsoleFormatter, JsonFormatter, levels, wants_color
from passenger.observe.redaction import STARS, Redactor, one_line
from passenger.secret import Secret

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
