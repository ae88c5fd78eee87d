"""Answers with a web search, parsed by the official SDKs, whole and streamed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from passenger.chat.events import Answer, AnswerIdentity, Citation, Reason, SearchCall, SearchDone, Usage, unfold
from passenger.chat.prompt import Prompt, Text
from passenger.chat.web_search import SearchResult, SearchTool
from passenger.dialects import Inbound
from passenger.dialects import anthropic as messages
from passenger.dialects import google as gemini
from passenger.dialects.framing import SSE
from passenger.dialects.openai import chat as completions
from passenger.dialects.openai import responses
from tests.contract.lazily import Lazy

if TYPE_CHECKING:
    import anthropic
    import openai
    from google import genai
else:
    anthropic = Lazy("anthropic")
    genai = Lazy("google.genai")
    openai = Lazy("openai")

PAGE = SearchResult("https://a.example", "A", "2 days ago", "It rained.")
OTHER = SearchResult("https://b.example", "B")
ANSWER = Answer(
    "m",
    (SearchCall("1", "rain"), SearchDone("1", (PAGE, OTHER)), Text("It rained a lot.")),
    Reason.END,
    Usage(10, 5),
    citations=((2, Citation(PAGE.url, PAGE.title, None, 3, 9, "It rained.")),),
)
ASKED = Prompt("m", (), web_search=SearchTool())
IDENTITY = AnswerIdentity("0123456789abcdef0123456789abcdef", 1_790_000_000)
SAID: Any = [{"role": "user", "content": "Did it rain?"}]


def answering(http: Any, inbound: Inbound, answer: Answer = ANSWER) -> Any:
    """A client of this library whose server gives that answer to all requests, in a stream where one asks for it."""
    writer = inbound.writer(ASKED, IDENTITY)
    told = b"".join(SSE.frame(message) for event in unfold(answer) for message in writer.send(event))

    def handle(request: Any) -> Any:
        if b'"stream":true' in request.content.replace(b" ", b"") or "alt=sse" in str(request.url):
            return http.Response(200, headers={"content-type": "text/event-stream"}, content=told)
        return http.Response(200, content=inbound.write_answer(ASKED, answer, IDENTITY), headers=JSON)

    return http.Client(transport=http.MockTransport(handle))


JSON = {"content-type": "application/json"}


def test_anthropic() -> None:
    http = answering(httpx2, messages.INBOUND)
    sdk = anthropic.Anthropic(api_key="any", base_url="http://mock.example", http_client=http)
    whole = sdk.messages.create(model="m", max_tokens=9, messages=SAID)
    with sdk.messages.stream(model="m", max_tokens=9, messages=SAID) as stream:
        streamed = stream.get_final_message()
    plain = [block.to_dict() for block in whole.content]
    assert [{**block.to_dict(), "parsed_output": None} for block in streamed.content] == [
        {**block, "parsed_output": None} for block in plain
    ]
    search, found, text = whole.content
    assert search.type == "server_tool_use"
    assert search.input == {"query": "rain"}
    assert found.type == "web_search_tool_result"
    assert found.tool_use_id == search.id
    assert isinstance(found.content, list)
    assert [(page.url, page.title, page.page_age) for page in found.content] == [
        (PAGE.url, "A", "2 days ago"),
        (OTHER.url, "B", None),
    ]
    assert text.type == "text"
    (cited,) = text.citations or []
    assert cited.type == "web_search_result_location"
    assert (cited.url, cited.cited_text) == (PAGE.url, "It rained.")
    for answer in (whole, streamed):
        assert answer.usage.server_tool_use is not None
        assert answer.usage.server_tool_use.web_search_requests == 1


def test_anthropic_reads_why_a_search_failed() -> None:
    failed = Answer("m", (SearchCall("1", "rain"), SearchDone("1", error="max_uses_exceeded")), Reason.END)
    http = answering(httpx2, messages.INBOUND, failed)
    sdk = anthropic.Anthropic(api_key="any", base_url="http://mock.example", http_client=http)
    with sdk.messages.stream(model="m", max_tokens=9, messages=SAID) as stream:
        _, found = stream.get_final_message().content
    assert found.type == "web_search_tool_result"
    assert not isinstance(found.content, list)
    assert found.content.error_code == "max_uses_exceeded"


def test_openai_responses() -> None:
    http = answering(httpx2, responses.INBOUND)
    sdk = openai.OpenAI(api_key="any", base_url="http://mock.example", http_client=http)
    whole = sdk.responses.create(model="m", input="Did it rain?")
    with sdk.responses.stream(model="m", input="Did it rain?") as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_response()
    assert streamed.output[0].to_dict() == whole.output[0].to_dict()
    assert streamed.output_text == whole.output_text
    assert [kind.rpartition(".")[2] for kind in kinds if "web_search" in kind] == [
        "in_progress",
        "searching",
        "completed",
    ]
    search, message = whole.output
    assert search.type == "web_search_call"
    assert search.action.type == "search"
    assert [source.url for source in search.action.sources or []] == [PAGE.url, OTHER.url]
    assert message.type == "message"
    assert message.content[0].type == "output_text"
    (cited,) = message.content[0].annotations
    assert cited.type == "url_citation"
    assert whole.output_text[cited.start_index : cited.end_index] == "rained"


def test_openai_chat_completions() -> None:
    http = answering(httpx2, completions.INBOUND)
    sdk = openai.OpenAI(api_key="any", base_url="http://mock.example", http_client=http)
    whole = sdk.chat.completions.create(model="m", messages=SAID).choices[0].message
    with sdk.chat.completions.stream(model="m", messages=SAID) as stream:
        streamed = stream.get_final_completion().choices[0].message
    for message in (whole, streamed):
        assert message.content == "It rained a lot."
        assert message.annotations is not None
        places = [(one.url_citation.url, one.url_citation.end_index) for one in message.annotations]
        assert places == [(PAGE.url, 9), (OTHER.url, 0)]


@pytest.mark.parametrize("streams", [False, True])
def test_google_genai(streams: bool) -> None:  # noqa: FBT001, RUF100 - pytest gives it
    http = answering(httpx, gemini.INBOUND)
    options = genai.types.HttpOptions(base_url="http://mock.example", httpx_client=http)
    sdk = genai.Client(api_key="any", http_options=options)
    asked: Any = {"model": "m", "contents": "Did it rain?"}
    answers = [*sdk.models.generate_content_stream(**asked)] if streams else [sdk.models.generate_content(**asked)]
    assert "".join(answer.text or "" for answer in answers) == "It rained a lot."
    candidates = answers[-1].candidates
    assert candidates is not None
    told = candidates[0].grounding_metadata
    assert told is not None
    assert told.web_search_queries == ["rain"]
    assert [chunk.web.uri for chunk in told.grounding_chunks or [] if chunk.web] == [PAGE.url, OTHER.url]
    (support,) = told.grounding_supports or []
    assert support.segment is not None
    assert support.segment.text == "rained"
    assert support.grounding_chunk_indices == [0]
    assert json.loads(told.model_dump_json())
