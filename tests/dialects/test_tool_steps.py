"""The last step of an agent, in every dialect: ids make no difference, calls and results do."""

import json
from typing import Any

import pytest

from passenger.dialects.tool_steps import read_opening, read_step
from passenger.jsontext.raw_object import Fields, split

ARGUMENTS = {"path": "a.py"}


def completions(n: int, result: str, path: str = "a.py") -> dict[str, Any]:
    call = {"id": f"c{n}", "type": "function", "function": {"name": "read", "arguments": json.dumps({"path": path})}}
    return {
        "messages": [
            {"role": "user", "content": "fix it"},
            {"role": "assistant", "content": f"look {n}", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{n}", "content": result},
        ]
    }


def messages(n: int, result: str, path: str = "a.py") -> dict[str, Any]:
    reminder = {"type": "text", "text": f"<system-reminder>{n}</system-reminder>"}
    answer = {"type": "tool_result", "tool_use_id": f"t{n}", "content": result, "cache_control": {"type": "ephemeral"}}
    called = {"type": "tool_use", "id": f"t{n}", "name": "read", "input": {"path": path}}
    return {
        "system": "you code",
        "messages": [
            {"role": "user", "content": "fix it"},
            {"role": "assistant", "content": [{"type": "text", "text": f"look {n}"}, called]},
            {"role": "user", "content": [answer, reminder]},
        ],
    }


def responses(n: int, result: str, path: str = "a.py") -> dict[str, Any]:
    called = {"type": "function_call", "call_id": f"c{n}", "name": "read", "arguments": json.dumps({"path": path})}
    return {
        "instructions": "you code",
        "input": [
            {"type": "message", "role": "user", "content": "fix it"},
            {"type": "reasoning", "summary": [], "encrypted_content": f"x{n}"},
            called,
            {"type": "function_call_output", "call_id": f"c{n}", "output": result},
        ],
    }


def gemini(n: int, result: str, path: str = "a.py") -> dict[str, Any]:
    called = {"functionCall": {"name": "read", "args": {"path": path}}, "thoughtSignature": f"s{n}"}
    answer = {"functionResponse": {"name": "read", "response": {"output": result}}}
    return {
        "contents": [
            {"role": "user", "parts": [{"text": "fix it"}]},
            {"role": "model", "parts": [called]},
            {"role": "user", "parts": [answer]},
        ]
    }


def ollama(n: int, result: str, path: str = "a.py") -> dict[str, Any]:
    called = {"function": {"name": "read", "arguments": {"path": path}}}
    return {
        "messages": [
            {"role": "user", "content": "fix it"},
            {"role": "assistant", "content": f"look {n}", "tool_calls": [called]},
            {"role": "tool", "tool_name": "read", "content": result},
        ]
    }


DIALECTS = [completions, messages, responses, gemini, ollama]


def fields(body: dict[str, Any]) -> Fields:
    found = split(json.dumps(body).encode())
    assert found is not None
    return found


@pytest.mark.parametrize("write", DIALECTS)
def test_equal_steps_are_equal_whatever_their_ids_and_other_ones_differ(write: Any) -> None:
    step = read_step(fields(write(1, "failed")))
    assert b"a.py" in step
    assert b"failed" in step
    assert read_step(fields(write(2, "failed"))) == step
    assert read_step(fields(write(2, "passed"))) != step
    assert read_step(fields(write(2, "failed", "b.py"))) != step


@pytest.mark.parametrize("write", DIALECTS)
def test_only_the_last_step_counts(write: Any) -> None:
    long, last = write(1, "earlier"), write(2, "later")
    name = next(name for name in ("messages", "input", "contents") if name in long)
    long[name] += last[name][1:]
    assert read_step(fields(long)) == read_step(fields(last))


@pytest.mark.parametrize("write", DIALECTS)
def test_a_request_that_ends_with_no_result_has_no_step(write: Any) -> None:
    body = write(1, "failed")
    name = next(name for name in ("messages", "input", "contents") if name in body)
    body[name] = body[name][:1]
    assert read_step(fields(body)) == b""


def test_whether_a_tool_failed_is_part_of_its_result() -> None:
    body = messages(1, "x")
    well = read_step(fields(body))
    body["messages"][-1]["content"][0]["is_error"] = True
    assert read_step(fields(body)) != well


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": "no array"},
        {"input": "a text"},
        {"messages": [1, "two", None]},
        {"messages": [{"role": "tool", "content": None, "tool_calls": 7, "parts": [3], "type": 4}]},
        {"contents": [{"parts": [{"functionResponse": 1}, {"functionCall": []}]}]},
    ],
)
def test_what_has_another_shape_raises_nothing(body: dict[str, Any]) -> None:
    assert isinstance(read_step(fields(body)), bytes)
    assert isinstance(read_opening(fields(body)), list)


@pytest.mark.parametrize("write", DIALECTS)
def test_a_conversation_keeps_its_opening_as_it_grows(write: Any) -> None:
    body = write(1, "failed")
    opening = read_opening(fields(body))
    assert any(b"fix it" in piece for piece in opening)
    name = next(name for name in ("messages", "input", "contents") if name in body)
    body[name] += write(2, "more")[name][1:]
    assert read_opening(fields(body)) == opening


def test_another_first_message_or_other_instructions_open_another_conversation() -> None:
    openings = [
        read_opening(fields({"instructions": "be kind", "input": "one"})),
        read_opening(fields({"instructions": "be kind", "input": "two"})),
        read_opening(fields({"instructions": "be brief", "input": "one"})),
    ]
    assert len({b"|".join(one) for one in openings}) == 3


@pytest.mark.parametrize("space", ["", " "])
def test_a_cache_breakpoint_that_moves_on_leaves_the_opening_as_it_was(space: str) -> None:
    def opening(mark: str, text: str = "fix it") -> list[bytes]:
        block = f'{{"type":"text","text":{json.dumps(text)}{mark}}}'
        found = split(f'{{"system":[{block}],"messages":[{{"role":"user","content":[{block}]}}]}}'.encode())
        assert found is not None
        return read_opening(found)

    mark = f',{space}"cache_control":{space}{{"type":{space}"ephemeral"}}'
    assert opening(mark) == opening("")
    assert opening("", mark) != opening("")
