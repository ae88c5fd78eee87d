"""Reads the web search that a client offers, and the searches in a history, which become calls of a function.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from passenger.chat import signatures
from passenger.chat.prompt import JSON
from passenger.chat.web_search import TOOL_NAME, SearchRefusal, SearchTool, page_title
from passenger.dialects.search_location import read_location
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import decode_as

RESULT = "web_search_tool_result"
OF_SEARCH = frozenset({"server_tool_use", RESULT})
"""The types of the blocks of a search."""
_LONGEST_CODE = 80
"""Characters of an error's code that are repeated."""


SEARCH: Final = "web_search_"
SERVER_TOOLS = (SEARCH, "web_fetch_", "code_execution_")
"""Beginnings of the types of tools that only Anthropic's servers run."""


# --- what is offered -----------------------------------------------------------------------------------------------


class _Offer(Struct):
    tools: list[Any] | None = None
    tool_choice: Any = None


_OFFER = msgspec.json.Decoder(_Offer)


def find_offer(data: bytes) -> Literal["only", "beside"] | None:
    """Of a request: whether a search is offered, and anything beside it."""
    offer = decode_as(_OFFER, data)
    tools = [tool for tool in offer.tools or () if isinstance(tool, dict)]
    if not any(map(is_search, tools)):
        return None
    return "only" if is_only_search(tools, offer.tool_choice) else "beside"


def is_search(tool: JSON) -> bool:
    """Whether a tool is Anthropic's web search."""
    return str(tool.get("type")).startswith(SEARCH)


def is_only_search(tools: Sequence[JSON], choice: object) -> bool:
    """Whether, of tools with a search among them, only Anthropic could run any, or the choice is to search."""
    if all(str(tool.get("type")).startswith(SERVER_TOOLS) for tool in tools):
        return True
    forced = choice.get("name") if isinstance(choice, dict) and choice.get("type") == "tool" else None
    return any(is_search(tool) and tool.get("name") == forced for tool in tools if forced is not None)


def read_search(tool: JsonNode, *, only: bool, refusal: SearchRefusal | None) -> SearchTool:
    """The search that a tool offers, and how it is refused. Fails where a field is of another type."""
    return SearchTool(
        max_uses=tool.integer("max_uses"),
        allowed_domains=tuple(tool.texts("allowed_domains")),
        blocked_domains=tuple(tool.texts("blocked_domains")),
        location=read_location(tool.node("user_location")),
        only=only,
        field=f"tools[{tool.text('name') or tool.type}]",
        refusal=refusal,
    )


# --- searches in a history -----------------------------------------------------------------------------------------


def has_search(content: object) -> bool:
    """Whether a message's content has a search or what it found."""
    return isinstance(content, list) and any(map(_is_of_search, content))


def _is_of_search(block: object) -> bool:
    match block:
        case {"type": "server_tool_use", "name": "web_search"} | {"type": "web_search_tool_result"}:
            return True
        case _:
            return False


def split_searches(message: JSON) -> Iterator[JSON]:
    """The message with each search as a call of a function, and what it found in a message of the user after it.

    A search without its result says nothing, nor does a result without its search: both are left out.
    """
    content = message["content"]
    found = {block["tool_use_id"]: block for block in content if _is_result(block)}
    written: list[object] = []
    results: list[object] = []
    for block in content:
        if not _is_of_search(block):
            if results:
                yield {**message, "content": written}
                yield {"role": "user", "content": results}
                written, results = [], []
            written.append(block)
        elif _is_call(block) and (result := found.pop(block["id"], None)) is not None:
            written.append(_write_call(block))
            results.append(_write_result(result))
    if written:
        yield {**message, "content": written}
    if results:
        yield {"role": "user", "content": results}


def _is_call(block: object) -> bool:
    return _is_of_search(block) and isinstance(block, dict) and isinstance(block.get("id"), str)


def _is_result(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") == RESULT and isinstance(block.get("tool_use_id"), str)


def _write_call(block: JSON) -> JSON:
    given = block.get("input")
    arguments = given if isinstance(given, dict) else {}
    return {"type": "tool_use", "id": block["id"], "name": TOOL_NAME, "input": arguments} | _marker(block)


def _write_result(block: JSON) -> JSON:
    """What a search found, as text, or that it failed."""
    content = block.get("content")
    pages = content if isinstance(content, list) else []
    text = "\n\n".join(filter(None, map(_write_page, pages))) or "Nothing was found."
    failed: JSON = {}
    if isinstance(content, dict):
        failed, text = {"is_error": True}, f"The search failed: {str(content.get('error_code'))[:_LONGEST_CODE]}"
    words = [{"type": "text", "text": text}]
    return {"type": "tool_result", "tool_use_id": block["tool_use_id"], "content": words} | failed | _marker(block)


def _write_page(page: object) -> str:
    """A page's title, address and age, and the text of it where we have put that in."""
    if not isinstance(page, dict):
        return ""
    url, title, kept = page.get("url"), page.get("title"), page.get("encrypted_content")
    is_told = not isinstance(url, str) or title != page_title(url, "")  # else it is the address once more
    texts = [title if is_told else None, url, page.get("page_age")]
    if isinstance(kept, str) and signatures.is_wrapped(kept):
        texts.append(signatures.unwrap_reasoning(kept).text)
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def _marker(block: JSON) -> JSON:
    """The breakpoint of a block."""
    return {"cache_control": block["cache_control"]} if "cache_control" in block else {}


# --- citations in a history ------------------------------------------------------------------------------------------


def is_of_page(citation: object) -> bool:
    """Whether a citation is of a page that a search found."""
    return isinstance(citation, dict) and citation.get("type") == "web_search_result_location"
