"""What is read of the answer of a model that has searched, and what it is asked."""

from passenger.chat.events import Answer, Citation, Reason, SearchCall, SearchDone
from passenger.chat.prompt import Text
from passenger.chat.web_search import SearchResult, SearchTool
from passenger.gateway.searchers import LONGEST_ANSWER, read_findings, write_question
from passenger.search.searcher import LONGEST_SUMMARY

A, B, C = "https://a.example/1", "https://b.example/2", "https://c.example/3"


def answer(text: str = "In short.", *, cites: tuple[Citation, ...] = ()) -> Answer:
    listed = SearchDone("1", (SearchResult(A), SearchResult(B)))
    parts = (SearchCall("1", "x"), listed, Text(text))
    return Answer("m", parts, Reason.END, citations=tuple((2, one) for one in cites))


def test_pages_are_listed_once_with_the_titles_that_citations_tell() -> None:
    cites = (Citation(B, "The second"), Citation(C, "The third"), Citation("https://code.example", "Code", "MIT"))
    found = read_findings(answer(cites=cites), SearchTool())
    assert [(page.url, page.title) for page in found.results] == [(A, ""), (B, "The second"), (C, "The third")]
    assert found.summary == "In short."


def test_a_text_that_cites_what_is_blocked_is_left_out() -> None:
    tool = SearchTool(blocked_domains=("b.example",))
    cited = read_findings(answer(cites=(Citation(B, "The second"),)), tool)
    assert ([page.url for page in cited.results], cited.summary) == ([A], "")
    listed = read_findings(answer(cites=(Citation(A, "The first"),)), tool)
    assert ([page.url for page in listed.results], listed.summary) == ([A], "In short.")


def test_a_summary_is_cut() -> None:
    assert len(read_findings(answer("x" * 10 * LONGEST_SUMMARY), SearchTool()).summary) == LONGEST_SUMMARY


def test_a_model_is_asked_for_one_search_and_little_else() -> None:
    prompt = write_question("m", "birds", SearchTool(max_uses=5, blocked_domains=("a.example", "b.example")))
    system, user = prompt.messages
    assert user.parts == (Text("birds"),)
    assert "Use no page of these domains: a.example, b.example." in str(system.parts)
    assert prompt.limit == LONGEST_ANSWER
    assert prompt.web_search == SearchTool(max_uses=1, blocked_domains=("a.example", "b.example"), only=True)
