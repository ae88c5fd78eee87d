"""Citations in the shapes that vendors have, each read once."""

import json
from typing import Any

import pytest

from passenger.chat.capabilities import Capabilities
from passenger.chat.events import PARTS_LIMIT, Answer, AnswerIdentity, Citation, Cite, Event, PartKind, Reason, unfold
from passenger.chat.prompt import Prompt, Text, ToolCall
from passenger.dialects import Inbound
from passenger.dialects import anthropic as messages
from passenger.dialects import google as gemini
from passenger.dialects.citations import Citations, has_unplaced, write_codes
from passenger.dialects.framing import StreamMessage
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import responses
from passenger.dialects.registry import INBOUND
from tests.folding import fold

CODE = Citation("https://x.test/c", "", "MIT", 1, 5, "snip")
PAGE = Citation("https://x.test/p", "A page", None, 0, 2)
SOURCE = {"url": CODE.url, "license": "MIT", "snippet": "snip"}
NESTED = {"id": 1, "start_offset": 1, "end_offset": 5, "citations": SOURCE}
FLAT = {"start_index": 1, "end_index": 5, "url": CODE.url, "license": "MIT", "snippet": "snip"}
STAMP = AnswerIdentity("0" * 32, 1)


@pytest.mark.parametrize("entry", [NESTED, FLAT])
def test_code_is_read_in_both_shapes_and_once(entry: dict[str, Any]) -> None:
    citations = Citations()
    assert list(citations.code({"IPCodeCitations": [entry, entry], "Violence": {}})) == [Cite(CODE)]
    assert list(citations.code({"IPCodeCitations": [entry]})) == []


@pytest.mark.parametrize("inner", [True, False])
def test_a_page_is_read_in_both_shapes(inner: bool) -> None:  # noqa: FBT001, RUF100 - pytest gives it
    flat = {"type": "url_citation", "url": PAGE.url, "title": "A page", "start_index": 0, "end_index": 2}
    assert list(Citations().pages([{"url_citation": flat} if inner else flat])) == [Cite(PAGE)]


@pytest.mark.parametrize("odd", [None, 1, "a", [], {}, [1], {"url": 1}, {"IPCodeCitations": [1, {"url": 2}, {}]}])
def test_what_is_none_says_nothing(odd: Any) -> None:
    citations = Citations()
    assert [*citations.code(odd), *citations.pages(odd), *citations.page(odd)] == []


@pytest.mark.proves("promise 8")
def test_an_answer_has_no_more_of_them_than_parts() -> None:
    many = [{"url": f"https://x.test/{number}"} for number in range(PARTS_LIMIT + 10)]
    assert len(list(Citations().pages(many))) == PARTS_LIMIT


# --- where they have a place -----------------------------------------------------------------------------------------

ANSWER = Answer("m", (Text("ab"), ToolCall("c", "f", "{}")), Reason.TOOL, citations=((0, PAGE), (1, CODE)))


def test_folding_keeps_their_parts() -> None:
    assert fold(unfold(ANSWER)) == ANSWER
    early = Answer("m", (Text("a"),), Reason.END, citations=((-1, CODE),))
    assert fold(unfold(early)) == early


@pytest.mark.parametrize(
    ("dialect", "placed"),
    [("completions", 4), ("gemini", 4), ("messages", 3), ("responses", 2), ("ollama", 0), ("legacy", 0)],
)
def test_each_dialect_has_its_places(dialect: str, placed: int) -> None:
    cites = next(inbound.cites for inbound in INBOUND if inbound.name == dialect)
    kinds: tuple[PartKind, ...] = ("text", "call")
    assert sum(cites(part, one) for part in kinds for one in (PAGE, CODE)) == placed
    assert has_unplaced(cites, ANSWER) is (dialect not in {"completions", "gemini", "messages"})
    assert not has_unplaced(cites, Answer("m", (), Reason.END))


def streamed(inbound: Inbound) -> list[Any]:
    writer = inbound.writer(Prompt("m", ()), STAMP)
    told = [message for event in unfold(ANSWER) for message in writer.send(event)]
    return [json.loads(message.data) for message in told if message.data != b"[DONE]"]


def whole(inbound: Inbound) -> Any:
    return json.loads(inbound.write_answer(Prompt("m", ()), ANSWER, STAMP))


def test_chat_has_openais_annotations_and_copilots() -> None:
    url = {"start_index": 0, "end_index": 2, "title": "A page", "url": PAGE.url}
    said = {"annotations": [{"type": "url_citation", "url_citation": url}], "copilot_annotations": write_codes([CODE])}
    message = whole(completions.INBOUND)["choices"][0]["message"]
    assert {name: message[name] for name in said} == said
    deltas = [event["choices"][0]["delta"] for event in streamed(completions.INBOUND) if event["choices"]]
    pages, code = [delta for delta in deltas if said.keys() & delta.keys()]
    assert code == {"copilot_annotations": said["copilot_annotations"]}
    assert pages == {"annotations": [{"type": "url_citation", "url_citation": url, "index": 0}]}


def test_messages_has_copilots_annotations_beside_a_piece_of_the_block() -> None:
    assert whole(messages.INBOUND)["copilot_annotations"] == write_codes([CODE])
    (told,) = [event for event in streamed(messages.INBOUND) if "copilot_annotations" in event]
    assert told == {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "input_json_delta", "partial_json": ""},
        "copilot_annotations": write_codes([CODE]),
    }


def test_messages_has_pages_on_the_text_that_cites_them() -> None:
    page = {"type": "web_search_result_location", "url": PAGE.url, "title": "A page", "cited_text": ""}
    (cited,) = whole(messages.INBOUND)["content"][0]["citations"]
    assert cited == {**page, "encrypted_index": ""}
    deltas = [event["delta"] for event in streamed(messages.INBOUND) if event["type"] == "content_block_delta"]
    assert [delta["citation"] for delta in deltas if delta["type"] == "citations_delta"] == [cited]


def test_messages_tells_at_its_end_what_had_no_block() -> None:
    early = Answer("m", (), Reason.END, citations=((-1, CODE),))
    writer = messages.INBOUND.writer(Prompt("m", ()), STAMP)
    told = [json.loads(message.data) for event in unfold(early) for message in writer.send(event)]
    assert [event["type"] for event in told if "copilot_annotations" in event] == ["message_delta"]


def test_responses_has_annotations_of_its_texts() -> None:
    annotation = {"type": "url_citation", "url": PAGE.url, "title": "A page", "start_index": 0, "end_index": 2}
    assert whole(responses.INBOUND)["output"][0]["content"][0]["annotations"] == [annotation]
    events = streamed(responses.INBOUND)
    added = [event for event in events if event["type"] == "response.output_text.annotation.added"]
    assert [(event["annotation_index"], event["annotation"]) for event in added] == [(0, annotation)]
    coded = Answer("m", (Text("ab"),), Reason.END, citations=((0, CODE),))
    said = json.loads(responses.INBOUND.write_answer(Prompt("m", ()), coded, STAMP))
    assert said["output"][0]["content"][0]["annotations"][0]["title"] == "Licence: MIT"


def test_gemini_has_citation_sources_on_its_last_candidate() -> None:
    page = {"startIndex": 0, "endIndex": 2, "uri": PAGE.url, "title": "A page"}
    code = {"startIndex": 1, "endIndex": 5, "uri": CODE.url, "license": "MIT"}
    for candidate in (whole(gemini.INBOUND)["candidates"][0], streamed(gemini.INBOUND)[-1]["candidates"][0]):
        assert candidate["citationMetadata"] == {"citationSources": [page, code]}


# --- how Copilot tells them ------------------------------------------------------------------------------------------


def test_a_citation_of_anthropics_is_read_where_it_has_an_address() -> None:
    reader, found = messages.OUTBOUND.reader(Prompt("m", ()), Capabilities("anthropic")), list[Event]()
    page = {"type": "web_search_result_location", "url": PAGE.url, "title": "A page", "cited_text": "ab"}
    for event in (
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": page}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"type": "x"}}},
        {"type": "content_block_stop", "index": 0},
    ):
        found += reader.read(StreamMessage(str(event["type"]), json.dumps(event).encode()))
    assert [event for event in found if isinstance(event, Cite)] == [Cite(Citation(PAGE.url, "A page", quote="ab"))]
