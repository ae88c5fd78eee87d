"""What was searched and found, as Google's own SDK reads it."""

import json
from typing import Any

import pytest
from google.genai import types

from passenger.chat.events import Answer, Citation, Reason, SearchCall, SearchDone, unfold
from passenger.chat.prompt import Prompt, Text
from passenger.chat.web_search import SearchResult, SearchTool
from passenger.dialects import google as gemini
from tests.dialects.google.test_answer_out import STAMP

ASKED = Prompt("m", (), web_search=SearchTool())
PAGES = (SearchResult("https://a.example", "A"), SearchResult("https://b.example", "B"))
CITED = Citation("https://b.example", "B", None, 3, 9)
SEARCHED = Answer(
    "v",
    (Text("Äh. "), SearchCall("1", "rain"), SearchDone("1", PAGES), Text("Es regnete, ähm, gestern.")),
    Reason.END,
    citations=((3, CITED), (3, Citation("https://c.example", "C", None, 50, 60))),
)


def read(document: Any) -> types.GroundingMetadata:
    candidates = types.GenerateContentResponse.model_validate(document).candidates
    assert candidates is not None
    assert candidates[0].grounding_metadata is not None
    return candidates[0].grounding_metadata


def whole(answer: Answer, asked: Prompt = ASKED) -> Any:
    return json.loads(gemini.INBOUND.write_answer(asked, answer, STAMP))


def last(answer: Answer, asked: Prompt = ASKED) -> Any:
    writer = gemini.INBOUND.writer(asked, STAMP)
    return [json.loads(message.data) for event in unfold(answer) for message in writer.send(event)][-1]


def test_a_search_is_grounding_streamed_as_whole() -> None:
    told = read(whole(SEARCHED))
    assert read(last(SEARCHED)) == told
    assert told.web_search_queries == ["rain"]
    assert told.grounding_chunks is not None
    pages = [one.web for one in told.grounding_chunks]
    assert [(page.uri, page.title) for page in pages if page] == [
        ("https://a.example", "A"),
        ("https://b.example", "B"),
        ("https://c.example", "C"),
    ]


def test_cited_words_are_placed_by_bytes_in_the_whole_text() -> None:
    said = "Äh. Es regnete, ähm, gestern.".encode()
    told = read(whole(SEARCHED)).grounding_supports
    assert told is not None
    assert len(told) == 1  # a place that is not in the text is left out
    segment = told[0].segment
    assert segment is not None
    assert segment.text == "regnet"
    assert said[segment.start_index : segment.end_index].decode() == segment.text
    assert told[0].grounding_chunk_indices == [1]


def test_the_places_of_many_citations_take_no_longer_than_the_text() -> None:
    text = "ä" * 200_000
    cited = tuple((2, Citation(f"https://a.example/{at}", "", None, at, at + 10)) for at in range(9_000))
    parts = (SearchCall("1", "rain"), SearchDone("1"), Text(text))
    told = read(whole(Answer("v", parts, Reason.END, citations=cited))).grounding_supports
    assert told is not None
    places = [one.segment for one in told if one.segment]
    assert [(one.start_index, one.end_index) for one in places] == [(2 * at, 2 * at + 20) for at in range(9_000)]


@pytest.mark.parametrize(("start", "end"), [(-5, 3), (3, 3), (9, 4), (400, 500), (-9, -1)])
def test_a_place_outside_of_the_text_is_cut_or_left_out(start: int, end: int) -> None:
    cited = ((2, Citation("https://a.example", "", None, start, end)),)
    answer = Answer("v", (SearchCall("1", "q"), SearchDone("1"), Text("It rained.")), Reason.END, citations=cited)
    told = read(whole(answer)).grounding_supports or []
    assert [one.segment.text for one in told if one.segment] == (["It "] if start < 0 < end else [])


def test_a_page_that_is_cited_without_a_search_has_no_place() -> None:
    answer = Answer("v", (Text("It rained."),), Reason.END, citations=((0, CITED),))
    told = read(whole(answer, Prompt("m", ())))
    assert told.grounding_chunks is not None
    assert (len(told.grounding_chunks), told.grounding_supports) == (1, [])


def test_nothing_is_said_where_nothing_was_searched() -> None:
    assert "groundingMetadata" not in whole(Answer("v", (Text("Hi."),), Reason.END))["candidates"][0]
