"""Thoughts that a client cannot carry come back with the calls they led to."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from passenger.chat.prompt import Message, Prompt, Reasoning, Signature, Text, ToolCall
from passenger.gateway.reasoning_cache import CHARACTERS, ENTRIES, LIFETIME, ReasoningCache, forgotten
from passenger.gateway.reasoning_file import REST, Kept, ReasoningFile
from tests.fakes import Clock

REASONING = Reasoning("plan", Signature("messages/anthropic", "sealed"))
CALL = ToolCall("call_1", "read", "{}")


def asked(*calls: ToolCall) -> Prompt:
    return Prompt("m", (Message("user", (Text("go"),)), Message("assistant", calls)))


def restored(thoughts: ReasoningCache, seat: str = "own", call: ToolCall = CALL) -> tuple[object, ...]:
    return thoughts.restore(seat, asked(call)).messages[1].parts


def test_they_are_put_back_before_the_calls_for_the_same_seat_only() -> None:
    thoughts = ReasoningCache(lambda: 0.0)
    thoughts.keep("own", [REASONING, Text("ok"), CALL, ToolCall("call_2", "read", "{}")])
    assert restored(thoughts) == (REASONING, CALL)
    assert restored(thoughts, "another") == (CALL,)
    both = thoughts.restore("own", asked(CALL, ToolCall("call_2", "read", "{}")))
    assert both.messages[1].parts.count(REASONING) == 1


def test_a_message_that_carries_its_reasoning_is_left_alone() -> None:
    thoughts = ReasoningCache(lambda: 0.0)
    thoughts.keep("own", [REASONING, CALL])
    own = Prompt("m", (Message("assistant", (Reasoning("mine", Signature("completions/google", "s")), CALL)),))
    assert thoughts.restore("own", own) == own


def test_the_words_of_reasoning_without_its_signature_are_replaced_by_the_signed_one() -> None:
    thoughts = ReasoningCache(lambda: 0.0)
    thoughts.keep("own", [REASONING, CALL])
    shown = Prompt("m", (Message("assistant", (Reasoning("plan"), CALL)),))
    assert thoughts.restore("own", shown).messages[0].parts == (REASONING, CALL)
    other = Prompt("m", (Message("assistant", (Reasoning("plan"), ToolCall("call_9", "read", "{}"))),))
    assert thoughts.restore("own", other) == other


def test_what_has_no_signature_or_no_call_is_not_kept() -> None:
    thoughts = ReasoningCache(lambda: 0.0)
    thoughts.keep("own", [Reasoning("plan"), CALL])
    thoughts.keep("own", [REASONING, Text("no call")])
    assert restored(thoughts) == (CALL,)


def test_they_are_forgotten_in_time_and_the_oldest_first() -> None:
    now = 0.0
    thoughts = ReasoningCache(lambda: now)
    thoughts.keep("own", [REASONING, CALL])
    now = LIFETIME
    assert restored(thoughts) == (CALL,)
    for number in range(ENTRIES):
        thoughts.keep("own", [REASONING, ToolCall(f"other_{number}", "read", "{}")])
    assert restored(thoughts, call=ToolCall("other_0", "read", "{}"))[0] == REASONING
    thoughts.keep("own", [REASONING, ToolCall("last", "read", "{}")])
    assert len(restored(thoughts, call=ToolCall("other_0", "read", "{}"))) == 1


def signed(size: int) -> Reasoning:
    return Reasoning("", Signature("messages/anthropic", "x" * size))


@pytest.mark.proves("promise 8")
def test_no_more_is_kept_than_so_many_characters_whatever_the_number_of_calls() -> None:
    thoughts, size = ReasoningCache(lambda: 0.0), CHARACTERS // 10
    for number in range(30):
        calls = [ToolCall(f"call_{number}_{parallel}", "read", "{}") for parallel in range(3)]
        thoughts.keep("own", [signed(size), *calls])
    kept = [number for number in range(30) if len(restored(thoughts, call=ToolCall(f"call_{number}_0", "", ""))) == 2]
    assert kept == list(range(20, 30))
    thoughts.keep("own", [signed(CHARACTERS + 1), CALL])
    assert len(restored(thoughts)) == 1


def test_the_same_call_that_is_kept_again_counts_once_and_as_the_newest() -> None:
    thoughts, size = ReasoningCache(lambda: 0.0), CHARACTERS // 4
    for _ in range(10):
        thoughts.keep("own", [signed(size), CALL])
    for number in range(3):
        thoughts.keep("own", [signed(size), ToolCall(f"other_{number}", "read", "{}")])
    assert len(restored(thoughts)) == 2


@pytest.mark.proves("promise 8")
def test_what_is_over_is_let_go_with_the_next_request_that_could_want_any() -> None:
    now = 0.0
    thoughts, thought = ReasoningCache(lambda: now), signed(10)
    known = sys.getrefcount(thought)
    thoughts.keep("own", [thought, CALL, ToolCall("call_2", "read", "{}")])
    assert sys.getrefcount(thought) > known
    now = LIFETIME
    thoughts.restore("another", asked(ToolCall("call_9", "read", "{}")))
    assert sys.getrefcount(thought) == known


# --- with a file that others share -------------------------------------------------------------------------------

GOOGLES = Reasoning("plan", Signature("completions/google", "sealed"))


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
    one, other = ReasoningCache(lambda: 0.0, files()), ReasoningCache(lambda: 0.0, files())
    assert other.empty
    one.keep("own", [REASONING, CALL, ToolCall("call_2", "read", "{}")])
    await one.settle()
    await one.settle()
    assert not other.empty
    await other.recall("own", forgotten(asked(CALL)))
    assert restored(other) == restored(one) == (REASONING, CALL)
    assert restored(other, "another") == (CALL,)


async def test_a_call_without_reasoning_is_asked_for_once(files: Callable[[], ReasoningFile]) -> None:
    one, file = ReasoningCache(lambda: 0.0, files()), files()
    other = ReasoningCache(lambda: 0.0, file)
    one.keep("own", [REASONING, ToolCall("another", "read", "{}")])
    await one.settle()
    await other.recall("own", [CALL.id])
    one.keep("own", [REASONING, CALL])
    await one.settle()
    await other.recall("own", [CALL.id])
    assert restored(other) == (CALL,)


async def test_a_call_is_asked_for_again_where_the_file_could_not_be_used(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "reasoning.sqlite"
    path.mkdir()
    files = ReasoningFile(path, clock), ReasoningFile(path, clock)
    one, other = (ReasoningCache(clock, file) for file in files)
    await other.recall("own", [CALL.id])
    path.rmdir()
    one.keep("own", [REASONING, CALL])
    await one.settle()
    clock.now += REST
    await other.recall("own", [CALL.id])
    assert restored(other) == (REASONING, CALL)
    for file in files:
        await file.close()


async def test_a_call_that_was_seen_to_have_none_is_not_asked_for(files: Callable[[], ReasoningFile]) -> None:
    one, other = ReasoningCache(lambda: 0.0, files()), ReasoningCache(lambda: 0.0, files())
    one.keep("own", [Text("hm"), CALL])
    other.keep("own", [REASONING, CALL])
    await other.settle()
    await one.recall("own", [CALL.id])
    assert restored(one) == (CALL,)
    one.keep("own", [REASONING, CALL])
    assert restored(one) == (REASONING, CALL)


async def test_only_the_calls_of_messages_that_lack_their_reasoning_are_asked_for() -> None:
    own = Message("assistant", (Reasoning("mine", Signature("completions/google", "s")), ToolCall("own", "read", "{}")))
    user = Message("user", (Text("go"),))
    assert list(forgotten(Prompt("m", (user, own, Message("assistant", (Reasoning("plan"), CALL)))))) == [CALL.id]


def test_words_are_kept_only_of_a_vendor_whose_signature_is_good_for_them() -> None:
    thoughts = ReasoningCache(lambda: 0.0)
    thoughts.keep("own", [GOOGLES, CALL])
    assert restored(thoughts) == (Reasoning("", GOOGLES.signature), CALL)


async def test_what_cannot_be_read_is_a_warning(
    files: Callable[[], ReasoningFile], caplog: pytest.LogCaptureFixture
) -> None:
    file = files()
    await file.put(Kept("own", (CALL.id,), 1.0, b"[[]]"))
    thoughts = ReasoningCache(lambda: 0.0, file)
    await thoughts.recall("own", [CALL.id])
    assert restored(thoughts) == (CALL,)
    assert "kept reasoning cannot be read" in caplog.text


async def test_without_a_file_there_is_nothing_to_settle_or_recall() -> None:
    thoughts = ReasoningCache(lambda: 0.0)
    thoughts.keep("own", [REASONING, CALL])
    await thoughts.settle()
    await thoughts.recall("own", ["unknown"])
    assert restored(thoughts) == (REASONING, CALL)
