"""What the measurement of the first minute takes for a word, and what it tells."""

import json
import sys
from pathlib import Path

import pytest
from benchmarks import first_minute
from benchmarks.first_minute import FailedStepError, Step, is_a_word, main


def event(delta: dict[str, str]) -> bytes:
    return json.dumps({"type": "stream_event", "event": {"type": "content_block_delta", "delta": delta}}).encode()


def test_a_piece_of_text_is_a_word() -> None:
    assert is_a_word(event({"type": "text_delta", "text": "Why"}))


@pytest.mark.parametrize(
    "line", [b"", b"null", b"[]", b"no JSON", b'{"type":"system"}', event({"type": "thinking_delta", "thinking": "Hm"})]
)
def test_nothing_else_is(line: bytes) -> None:
    assert not is_a_word(line)


def test_a_step_has_a_row() -> None:
    assert Step("make install", 8.541, 7.25, 0.5, 15.0).row() == "| make install | 8.54 | 7.25 | 0.50 | 15 |"


def reached(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> int:
    async def found(*_: object) -> Path:
        return Path(sys.executable)

    monkeypatch.setattr(first_minute, "installed", found)
    monkeypatch.setattr(first_minute, "measured", lambda *_: list(steps))
    return main([])


def test_a_figure_that_is_not_reached_fails_the_measurement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reached(monkeypatch, Step("all", 99.0, 14.9, 99.0, 15.0), Step("any", 1.0, 99.0)) == 0
    assert reached(monkeypatch, Step("all", 1.0, 15.1, 0.0, 15.0)) == 1
    assert "| all | 1.00 | 15.10 |" in capsys.readouterr().out


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(FailedStepError, match="no such target"):
        first_minute._run("", ["sh", "-c", "echo no such target; exit 2"], {}, tmp_path)


def test_what_a_command_uses_is_counted(tmp_path: Path) -> None:
    step = first_minute._run("count", [sys.executable, "-c", "sum(range(3_000_000))"], {}, tmp_path)
    assert step.ours > 0
    assert step.wall > 0
