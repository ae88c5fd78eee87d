"""Writes a web search and what it found as the blocks of an answer, as Anthropic's own search does.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from passenger.chat import signatures
from passenger.chat.events import Citation, SearchCall, SearchDone
from passenger.chat.prompt import JSON, Signature
from passenger.chat.web_search import SearchResult, page_title
from passenger.jsontext.surrogates import replace_surrogates

_PREFIX = "srvtoolu_"
_NONE = Signature("", "")


def write_search(call: SearchCall) -> JSON:
    """The block of a search."""
    return {"type": "server_tool_use", "id": _write_id(call.id), "name": "web_search", "input": search_input(call)}


def search_input(call: SearchCall) -> JSON:
    """What is searched for."""
    return {"query": replace_surrogates(call.query)}


def write_results(done: SearchDone) -> JSON:
    """The block of what a search found, or of why it failed."""
    content: object = [_write_result(result) for result in done.results]
    if done.error is not None:
        content = {"type": "web_search_tool_result_error", "error_code": done.error}
    return {"type": "web_search_tool_result", "tool_use_id": _write_id(done.id), "content": content}


def _write_result(result: SearchResult) -> JSON:
    """A page; its short text goes where Anthropic has the page's text, encrypted, which clients send back."""
    text = replace_surrogates(result.snippet)
    return {
        "type": "web_search_result",
        "url": replace_surrogates(result.url),
        "title": replace_surrogates(page_title(result.url, result.title)),
        "encrypted_content": signatures.wrap(_NONE, text) if text else "",
        "page_age": None if result.page_age is None else replace_surrogates(result.page_age),
    }


def write_page(citation: Citation) -> JSON:
    """The citation of a page; which place of the page it is, Anthropic would tell encrypted."""
    return {
        "type": "web_search_result_location",
        "url": replace_surrogates(citation.url),
        "title": replace_surrogates(page_title(citation.url, citation.title)),
        "encrypted_index": "",
        "cited_text": replace_surrogates(citation.quote),
    }


def _write_id(search_id: str) -> str:
    return search_id if search_id.startswith(_PREFIX) else _PREFIX + search_id
