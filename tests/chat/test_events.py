"""The grammar of events, and that folding inverts unfolding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.events import (
    Answer,
    Citation,
    Cite,
    Delta,
    Event,
    Finish,
    PartStart,
    PartStop,
    Reason,
    SearchCall,
    SearchDone,
    Start,
    Usage,
    unfold,
)
from passenger.chat.prompt import Reasoning, Refusal, Signature, Text, ToolCall
from passenger.chat.web_search import SearchResult
from tests.folding import fold

RESULTS = st.builds(SearchResult, st.text(), st.text(), st.none() | st.text(), st.text())
SEARCHES = st.one_of(
    st.builds(SearchCall, st.text(), st.text()),
    st.builds(SearchDone, st.text(), st.lists(RESULTS, max_size=2).map(tuple)),
    st.builds(SearchDone, st.text(), error=st.just("unavailable")),
)

PARTS = st.one_of(
    st.builds(Text, st.text()),
    st.builds(Refusal, st.text()),
    st.builds(Reasoning, st.text(), st.none() | st.builds(Signature, st.text(), st.text())),
    st.builds(ToolCall, st.text(), st.text(), st.text(), st.none() | st.text(), st.booleans()),
    SEARCHES,
)
ANSWERS = st.builds(
    Answer,
    st.text(),
    st.lists(PARTS).map(tuple),
    st.sampled_from(Reason),
    st.none() | st.builds(Usage, st.integers(0), st.integers(0)),
    st.none() | st.text(),
)
END = Finish(Reason.END)


@given(ANSWERS)
def test_folding_inverts_unfolding(answer: Answer) -> None:
    assert fold(unfold(answer)) == answer


@pytest.mark.parametrize(
    "events",
    [
        [],
        [Start()],
        [END],
        [Start(), Start(), END],
        [Start(), Delta("x"), END],
        [Start(), PartStop(), END],
        [Start(), PartStart("text"), END],
        [Start(), PartStart("text"), PartStart("text"), PartStop(), END],
        [Start(), PartStart("text"), SearchCall("1", "q"), PartStop(), END],
        [SearchDone("1"), END],
        [Start(), END, END],
    ],
)
def test_events_out_of_place_are_no_answer(events: list[Event]) -> None:
    with pytest.raises(ValueError, match=r"out of place|end before"):
        fold(events)


def test_a_citation_belongs_to_the_part_or_search_before_it() -> None:
    one, two = Cite(Citation("https://a.example")), Cite(Citation("https://b.example"))
    search, found = SearchCall("1", "q"), SearchDone("1", (SearchResult("https://a.example"),))
    events: list[Event] = [Start("m"), search, found, one, PartStart("text"), Delta("A"), two, PartStop(), END]
    answer = fold(events)
    assert answer.citations == ((1, one.citation), (2, two.citation))
    assert list(unfold(answer)) == events


def test_an_answer_knows_its_calls() -> None:
    call = ToolCall("1", "f", "{}")
    assert Answer("m", (Text("a"), call), Reason.TOOL).calls == (call,)
