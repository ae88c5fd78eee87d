"""Thoughts that a client cannot carry come back with the calls they led to."""

import sys

import pytest

from passenger.chat import Message, Prompt, Seal, Text, Thought, ToolCall
from passenger.thoughts import CHARACTERS, ENTRIES, LIFETIME, Thoughts

THOUGHT = Thought("plan", Seal("messages/anthropic", "sealed"))
CALL = ToolCall("call_1", "read", "{}")


def asked(*calls: ToolCall) -> Prompt:
    return Prompt("m", (Message("user", (Text("go"),)), Message("assistant", calls)))


def restored(thoughts: Thoughts, seat: str = "own", call: ToolCall = CALL) -> tuple[object, ...]:
    return thoughts.restore(seat, asked(call)).messages[1].parts


def test_they_are_put_back_before_the_calls_for_the_same_seat_only() -> None:
    thoughts = Thoughts(lambda: 0.0)
    thoughts.keep("own", [THOUGHT, Text("ok"), CALL, ToolCall("call_2", "read", "{}")])
    assert restored(thoughts) == (THOUGHT, CALL)
    assert restored(thoughts, "another") == (CALL,)
    both = thoughts.restore("own", asked(CALL, ToolCall("call_2", "read", "{}")))
    assert both.messages[1].parts.count(THOUGHT) == 1


def test_a_message_that_carries_its_thoughts_is_left_alone() -> None:
    thoughts = Thoughts(lambda: 0.0)
    thoughts.keep("own", [THOUGHT, CALL])
    own = Prompt("m", (Message("assistant", (Thought("mine", Seal("completions/google", "s")), CALL)),))
    assert thoughts.restore("own", own) == own


def test_the_words_of_a_thought_without_its_seal_are_replaced_by_the_sealed_one() -> None:
    thoughts = Thoughts(lambda: 0.0)
    thoughts.keep("own", [THOUGHT, CALL])
    shown = Prompt("m", (Message("assistant", (Thought("plan"), CALL)),))
    assert thoughts.restore("own", shown).messages[0].parts == (THOUGHT, CALL)
    other = Prompt("m", (Message("assistant", (Thought("plan"), ToolCall("call_9", "read", "{}"))),))
    assert thoughts.restore("own", other) == other


def test_what_has_no_seal_or_no_call_is_not_kept() -> None:
    thoughts = Thoughts(lambda: 0.0)
    thoughts.keep("own", [Thought("plan"), CALL])
    thoughts.keep("own", [THOUGHT, Text("no call")])
    assert restored(thoughts) == (CALL,)


def test_they_are_forgotten_in_time_and_the_oldest_first() -> None:
    now = 0.0
    thoughts = Thoughts(lambda: now)
    thoughts.keep("own", [THOUGHT, CALL])
    now = LIFETIME
    assert restored(thoughts) == (CALL,)
    for number in range(ENTRIES):
        thoughts.keep("own", [THOUGHT, ToolCall(f"other_{number}", "read", "{}")])
    assert restored(thoughts, call=ToolCall("other_0", "read", "{}"))[0] == THOUGHT
    thoughts.keep("own", [THOUGHT, ToolCall("last", "read", "{}")])
    assert len(restored(thoughts, call=ToolCall("other_0", "read", "{}"))) == 1


def sealed(size: int) -> Thought:
    return Thought("", Seal("messages/anthropic", "x" * size))


@pytest.mark.proves("promise 8")
def test_no_more_is_kept_than_so_many_characters_whatever_the_number_of_calls() -> None:
    thoughts, size = Thoughts(lambda: 0.0), CHARACTERS // 10
    for number in range(30):
        calls = [ToolCall(f"call_{number}_{parallel}", "read", "{}") for parallel in range(3)]
        thoughts.keep("own", [sealed(size), *calls])
    kept = [number for number in range(30) if len(restored(thoughts, call=ToolCall(f"call_{number}_0", "", ""))) == 2]
    assert kept == list(range(20, 30))
    thoughts.keep("own", [sealed(CHARACTERS + 1), CALL])
    assert len(restored(thoughts)) == 1


def test_the_same_call_that_is_kept_again_counts_once_and_as_the_newest() -> None:
    thoughts, size = Thoughts(lambda: 0.0), CHARACTERS // 4
    for _ in range(10):
        thoughts.keep("own", [sealed(size), CALL])
    for number in range(3):
        thoughts.keep("own", [sealed(size), ToolCall(f"other_{number}", "read", "{}")])
    assert len(restored(thoughts)) == 2


@pytest.mark.proves("promise 8")
def test_what_is_over_is_let_go_with_the_next_request_that_could_want_any() -> None:
    now = 0.0
    thoughts, thought = Thoughts(lambda: now), sealed(10)
    known = sys.getrefcount(thought)
    thoughts.keep("own", [thought, CALL, ToolCall("call_2", "read", "{}")])
    assert sys.getrefcount(thought) > known
    now = LIFETIME
    thoughts.restore("another", asked(ToolCall("call_9", "read", "{}")))
    assert sys.getrefcount(thought) == known
