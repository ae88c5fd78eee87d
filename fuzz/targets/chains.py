"""Chains on a WebSocket: each frame is answered once, in bounds, and a chain is exact or not found.

An input is a list: what a client sends (a text as it is, anything else as JSON), what ends an answer (`ends`: its
lane), what closes the socket (`closes`) or takes its memory away (`forgets`). What is no list is one frame.
"""

import json
import re
from typing import Any

from passenger.errors import Failure, Kind
from passenger.server.websocket.commands import Command, SendText, StartTurn
from passenger.server.websocket.lanes import ONLY_HERE, Lanes

LANES, WAITING, LARGEST = 3, 2, 2000
TAG = "tag"
"""A field that says which frame a request came in."""

_HALF = re.compile("[\ud800-\udfff]")
_CLOSED = Failure(Kind.UNAVAILABLE, "the end", code="over")


def one(data: bytes) -> None:
    """Let all that happen, with and without a store behind the socket."""
    try:
        script = json.loads(data)
    except (ValueError, RecursionError):
        script = None
    for is_kept in (False, True):
        socket = _Socket(is_kept=is_kept)
        for happens in script if isinstance(script, list) else [data]:
            socket.take(happens)


class _Socket:
    """The lanes, and what a second reader knows of them."""

    def __init__(self, *, is_kept: bool) -> None:
        self._lanes = Lanes(LANES, WAITING, LARGEST, is_kept=is_kept)
        self._frames = list[Any]()
        self._running = dict[str | None, list[Any] | None]()
        """The items of what runs; None where they are not all known here."""
        self._chains = dict[object, list[Any] | None]()
        """All items up to an answer; None where they are not known to this reader."""
        self._answered = 0

    def take(self, happens: Any) -> None:
        if isinstance(happens, dict) and "ends" in happens:
            self._end(happens)
        elif isinstance(happens, dict) and "closes" in happens:
            self._do(self._lanes.drop_waiting(_CLOSED))
            assert self._lanes.waiting == 0
        elif isinstance(happens, dict) and "forgets" in happens:
            self._lanes.forget()
        else:
            self._send(happens)
        assert self._lanes.running == len(self._running) <= LANES
        assert self._lanes.waiting == len(self._frames) - self._answered <= WAITING
        assert 0 <= self._lanes.size <= LANES * LARGEST + sum(len(json.dumps(frame)) for frame in self._frames)

    def _send(self, happens: Any) -> None:
        if isinstance(happens, bytes) and not _is_utf8(happens):
            return  # it closes the connection before it comes so far
        if isinstance(happens, dict):
            happens = {**happens, TAG: len(self._frames)}
        self._frames.append(happens if isinstance(happens, dict) else None)
        if isinstance(happens, bytes):
            text = happens
        elif isinstance(happens, str):
            text = happens.encode("utf-8", "replace")
        else:
            text = json.dumps(happens).encode()
        self._do(self._lanes.receive(text))

    def _end(self, how: dict[str, Any]) -> None:
        """An answer ends: completed, with or without an output that can be read, or by any other event."""
        lane = how["ends"] if how["ends"] in [*self._running] else next(iter(self._running), None)
        if lane not in self._running:
            return
        items, identity = self._running.pop(lane), f"r{len(self._chains)}"
        kind, output = str(how.get("type", "response.completed")), how.get("output", [])
        told = {"type": kind, "response": {"id": identity, "output": output}}
        self._lanes.note(lane, kind, json.dumps(told).encode())
        if items is not None and isinstance(output, list) and kind in {"response.completed", "response.incomplete"}:
            self._chains[identity] = [*items, *output]
        self._do(self._lanes.ended(lane))

    def _do(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, StartTurn):
                self._start(command)
            else:
                self._read(command)

    def _start(self, command: StartTurn) -> None:
        self._answered += 1
        body = json.loads(command.body)
        asked = self._frames[body[TAG]] if TAG in body else None
        assert command.lane not in self._running
        assert not {*body} & {*ONLY_HERE} - {"stream"}
        assert body["stream"] is True
        own = _items(body.get("input", []))
        if asked is not None:
            changed = {*ONLY_HERE, "input", "include", "model", "previous_response_id"}
            assert _same([body.get(name) for name in asked if name not in changed], _rest(asked, changed))
            own = _items(asked.get("input", []))
            self._check(command, body, own)
        is_whole = own is not None and body.get("previous_response_id") is None
        self._running[command.lane] = _items(body.get("input", [])) if is_whole else None

    def _check(self, command: StartTurn, body: dict[str, Any], own: list[Any] | None) -> None:
        """What goes up is the chain that the request names with its own items behind it, or names it still."""
        asked = self._frames[body[TAG]]
        if command.previous is None:
            assert _same(body.get("input"), asked.get("input"))
            assert body.get("previous_response_id") == asked.get("previous_response_id")
            return
        assert command.previous == asked["previous_response_id"]
        assert command.previous in self._chains
        assert "previous_response_id" not in body
        assert own is not None
        before = self._chains[command.previous]
        whole = body["input"]
        assert _same(whole[len(whole) - len(own) :], own)
        if before is not None and "compaction" not in json.dumps(before):
            assert _same(whole, [*before, *own])

    def _read(self, command: SendText) -> None:
        told = json.loads(command.text)
        kind = told["type"]
        if kind == "error":
            assert 400 <= told["status"] < 600
        if kind == "response.completed":
            self._chains[told["response"]["id"]] = None
        self._answered += kind != "response.created"


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _items(given: Any) -> list[Any] | None:
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return given if isinstance(given, list) else None


def _rest(asked: dict[str, Any], changed: set[str]) -> list[Any]:
    return [value for name, value in asked.items() if name not in changed]


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON; half a character counts as one that is not known."""
    told, wanted = (_HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False)) for value in (one, other))
    return told == wanted
