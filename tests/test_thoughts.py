"""Thoughts that a client cannot carry come back with the calls they led to."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from passenger.chat import Message, Prompt, Seal, Text, Thought, ToolCall
from passenger.copilot.reasoning_file import REST, Kept, ReasoningFile
from passenger.thoughts import CHARACTERS, ENTRIES, LIFETIME, Thoughts, forgotten
from tests.fakes import Clock

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


# --- with a file that others share -------------------------------------------------------------------------------

GOOGLES = Thought("plan", Seal("completions/google", "sealed"))


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Callable[[], ReasoningFile]]:
    """Makes what each process has of one file."""
    made: list[ReasoningFile] = []

    def make() -> ReasoningFile:
        made.append(ReasoningFile(tmp_path / "reasoning.sqlite", lambda: 0.0))
        return made[-1]

    yield make
    for file in made:
        await file.close()


async def test_another_process_has_them_as_soon_as_they_are_settled(files: Callable[[], ReasoningFile]) -> None:
    one, other = Thoughts(lambda: 0.0, files()), Thoughts(lambda: 0.0, files())
    assert other.empty
    one.keep("own", [THOUGHT, CALL, ToolCall("call_2", "read", "{}")])
    await one.settle()
    await one.settle()
    assert not other.empty
    await other.recall("own", forgotten(asked(CALL)))
    assert restored(other) == restored(one) == (THOUGHT, CALL)
    assert restored(other, "another") == (CALL,)


async def test_a_call_without_thoughts_is_asked_for_once(files: Callable[[], ReasoningFile]) -> None:
    one, file = Thoughts(lambda: 0.0, files()), files()
    other = Thoughts(lambda: 0.0, file)
    one.keep("own", [THOUGHT, ToolCall("another", "read", "{}")])
    await one.settle()
    await other.recall("own", [CALL.id])
    one.keep("own", [THOUGHT, CALL])
    await one.settle()
    await other.recall("own", [CALL.id])
    assert restored(other) == (CALL,)


async def test_a_call_is_asked_for_again_where_the_file_could_not_be_used(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "reasoning.sqlite"
    path.mkdir()
    files = ReasoningFile(path, clock), ReasoningFile(path, clock)
    one, other = (Thoughts(clock, file) for file in files)
    await other.recall("own", [CALL.id])
    path.rmdir()
    one.keep("own", [THOUGHT, CALL])
    await one.settle()
    clock.now += REST
    await other.recall("own", [CALL.id])
    assert restored(other) == (THOUGHT, CALL)
    for file in files:
        await file.close()


async def test_a_call_that_was_seen_to_have_none_is_not_asked_for(files: Callable[[], ReasoningFile]) -> None:
    one, other = Thoughts(lambda: 0.0, files()), Thoughts(lambda: 0.0, files())
    one.keep("own", [Text("hm"), CALL])
    other.keep("own", [THOUGHT, CALL])
    await other.settle()
    await one.recall("own", [CALL.id])
    assert restored(one) == (CALL,)
    one.keep("own", [THOUGHT, CALL])
    assert restored(one) == (THOUGHT, CALL)


async def test_only_the_calls_of_messages_that_lack_their_thoughts_are_asked_for() -> None:
    own = Message("assistant", (Thought("mine", Seal("completions/google", "s")), ToolCall("own", "read", "{}")))
    user = Message("user", (Text("go"),))
    assert list(forgotten(Prompt("m", (user, own, Message("assistant", (Thought("plan"), CALL)))))) == [CALL.id]


def test_words_are_kept_only_of_a_vendor_whose_seal_is_good_for_them() -> None:
    thoughts = Thoughts(lambda: 0.0)
    thoughts.keep("own", [GOOGLES, CALL])
    assert restored(thoughts) == (Thought("", GOOGLES.seal), CALL)


async def test_what_cannot_be_read_is_a_warning(
    files: Callable[[], ReasoningFile], caplog: pytest.LogCaptureFixture
) -> None:
    file = files()
    await file.put(Kept("own", (CALL.id,), 1.0, b"[[]]"))
    thoughts = Thoughts(lambda: 0.0, file)
    await thoughts.recall("own", [CALL.id])
    assert restored(thoughts) == (CALL,)
    assert "kept reasoning cannot be read" in caplog.text


async def test_without_a_file_there_is_nothing_to_settle_or_recall() -> None:
    thoughts = Thoughts(lambda: 0.0)
    thoughts.keep("own", [THOUGHT, CALL])
    await thoughts.settle()
    await thoughts.recall("own", ["unknown"])
    assert restored(thoughts) == (THOUGHT, CALL)
