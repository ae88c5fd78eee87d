from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import Answer, Delta, Event, Finish, PartStart, PartStop, Reason, Start, Usage
from passenger.chat.prompt import Text, ToolCall
from passenger.chat.stop_sequences import StopFilter, StopMatcher
from tests.folding import fold

ALPHABET = "abX\n"


def scanned(pieces: Iterable[str], *sequences: str) -> tuple[str, str | None]:
    scan, said = StopMatcher(sequences), ""
    for piece in pieces:
        said += scan.feed(piece)
        if scan.met is not None:
            return said, scan.met
    return said + scan.flush(), None


def cut(events: Iterable[Event], *sequences: str) -> Answer:
    cutter = StopFilter(sequences)
    return fold(kept for event in events for kept in cutter.apply(event))


@given(
    st.lists(st.text(ALPHABET, max_size=4), max_size=12),
    st.lists(st.text(ALPHABET, max_size=3), min_size=1, max_size=3),
)
def test_what_is_found_does_not_depend_on_how_the_text_was_cut(pieces: list[str], sequences: list[str]) -> None:
    whole = "".join(pieces)
    assert scanned(pieces, *sequences) == scanned(whole, *sequences)
    assert scanned(pieces, *sequences)[0] == scanned([whole], *sequences)[0]


@given(st.lists(st.text(ALPHABET, max_size=4), max_size=12), st.lists(st.text(ALPHABET, max_size=3), max_size=3))
def test_no_sequence_is_left_in_the_text_and_nothing_before_one_is_lost(
    pieces: list[str], sequences: list[str]
) -> None:
    said, met = scanned(pieces, *sequences)
    real = [sequence for sequence in sequences if sequence]
    assert not any(sequence in said for sequence in real)
    assert "".join(pieces).startswith(said + (met or ""))
    assert met is not None or said == "".join(pieces)


def test_words_that_cannot_begin_a_sequence_are_passed_on_at_once() -> None:
    scan = StopMatcher(("Observation:",))
    assert scan.feed("I think. ") == "I think. "
    assert scan.feed("Obser") == ""
    assert scan.feed("ver") == "Observer"


def test_of_two_sequences_that_end_together_the_longer_is_met() -> None:
    assert scanned(["xabc"], "bc", "abc") == ("x", "abc")


def test_an_empty_sequence_stops_nothing() -> None:
    assert scanned(["abc"], "") == ("abc", None)


USAGE = Usage(3, 4)


def test_an_answer_ends_at_the_sequence_and_keeps_its_usage() -> None:
    events: list[Event] = [
        Start("m"),
        PartStart("text"),
        Delta("Thought\nObs"),
        Delta("ervation: made up"),
        PartStop(),
        PartStart("call", "c", "f"),
        Delta("{}"),
        PartStop(),
        Finish(Reason.TOOL, USAGE),
    ]
    assert cut(events, "\nObservation:") == Answer("m", (Text("Thought"),), Reason.STOP, USAGE, "\nObservation:")


def test_an_answer_without_the_sequence_stays_as_it_is() -> None:
    events: list[Event] = [
        Start("m"),
        PartStart("reasoning"),
        Delta("STOP is no word of the answer"),
        PartStop(),
        PartStart("text"),
        Delta("ST"),
        PartStop(),
        PartStart("call", "c", "f"),
        Delta('{"a":"STOP"}'),
        PartStop(),
        Finish(Reason.TOOL, USAGE),
    ]
    answer = cut(events, "STOP")
    assert answer == fold(events)
    assert answer.parts[1:] == (Text("ST"), ToolCall("c", "f", '{"a":"STOP"}'))


def test_the_end_of_one_part_and_the_beginning_of_the_next_make_no_sequence() -> None:
    events: list[Event] = [Start("m")]
    for text in ("ST", "OP"):
        events += [PartStart("text"), Delta(text), PartStop()]
    assert cut([*events, Finish(Reason.END)], "STOP").reason is Reason.END


def test_a_sequence_at_the_very_beginning_leaves_an_empty_text() -> None:
    events: list[Event] = [Start("m"), PartStart("text"), Delta("STOP"), PartStop(), Finish(Reason.END)]
    assert cut(events, "STOP") == Answer("m", (Text(""),), Reason.STOP, None, "STOP")
