"""A WebSocket's protocol: whatever frames come, one request runs on a lane at a time, within the bounds, and is JSON.

An input is lines. One that begins with `!` ends the oldest answer that runs, completed with the rest of the line as its
last event, or not where that is empty; any other line is a text frame. What is no UTF-8 does not come so far: the
connection is closed (1007).
"""

import json
from typing import Any

from passenger.server.websocket.commands import Command, SendText, StartTurn
from passenger.server.websocket.lanes import ONLY_HERE, Lanes

MOST, MOST_WAITING, LARGEST = 3, 4, 2000


def one(data: bytes) -> None:
    """Play the lines, then end every answer that runs."""
    lanes = Lanes(MOST, MOST_WAITING, LARGEST, is_kept=bool(data[:1] == b"k"))
    running: list[str | None] = []
    for line in data[1:].split(b"\n"):
        if not _is_text(line):
            continue
        if line[:1] == b"!":
            _end(lanes, running, line[1:])
        else:
            _carry_out(lanes.receive(line), running)
        _check(lanes, running)
    while running:
        _end(lanes, running, b"")
        _check(lanes, running)
    assert lanes.waiting == 0


def _end(lanes: Lanes, running: list[str | None], event: bytes) -> None:
    if running:
        lane = running.pop(0)
        if event:
            lanes.note(lane, "response.completed", event)
        _carry_out(lanes.ended(lane), running)


def _carry_out(commands: list[Command], running: list[str | None]) -> None:
    for command in commands:
        match command:
            case StartTurn(lane, body):
                assert lane not in running
                running.append(lane)
                asked = _object(body)
                assert asked["stream"] is True
                assert not set(asked) & (set(ONLY_HERE) - {"stream"})
            case SendText(text):
                told = _object(text)
                assert b"\n" not in text
                assert told["type"] != "error" or isinstance(told["status"], int)


def _check(lanes: Lanes, running: list[str | None]) -> None:
    assert lanes.running == len(running) <= MOST
    assert lanes.waiting <= MOST_WAITING


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _object(text: bytes) -> dict[str, Any]:
    found = json.loads(text.decode("utf-8", "surrogatepass"))
    assert isinstance(found, dict)
    return found
