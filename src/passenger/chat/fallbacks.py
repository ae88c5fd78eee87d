"""What stands in for a feature that an upstream does not have: narrowed and free-text tools, documents, a JSON mode."""

import base64
import json
import re

import msgspec
from msgspec.structs import replace

from passenger.chat.prompt import JSON, Document, Prompt, Text, Tool, ToolChoice
from passenger.chat.upstream_request import IN_WORDS
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import has_few_values
from passenger.jsontext.surrogates import replace_surrogates, replace_surrogates_in

# --- which tools may be called -----------------------------------------------------------------------------------


def forced_tool(choice: ToolChoice | None) -> str | None:
    """The name of the one tool that must be called."""
    if choice is not None and choice.mode == "required" and len(choice.names) == 1:
        return choice.names[0]
    return None


def offered_tools(prompt: Prompt) -> tuple[Tool, ...]:
    """The tools to send where an upstream cannot be told that only some of them may be called.

    All of them where one of them is forced by its name, which keeps the prompt cache warm.
    """
    choice = prompt.tool_choice
    if choice is None or not choice.names:
        return prompt.tools
    names = frozenset(choice.names)
    allowed = tuple(tool for tool in prompt.tools if tool.name in names)
    return prompt.tools if allowed and forced_tool(choice) else allowed


def without_search(prompt: Prompt) -> Prompt:
    """The prompt for where nobody searches the web: the search is left out and named.

    Raises:
        Failure: it is all that is offered, or is required.
    """
    search = prompt.web_search
    if search is None:
        return prompt
    if (refusal := search.refusal) is not None:
        raise Failure(Kind.INVALID, refusal.message, code=refusal.code, param=refusal.param)
    return replace(prompt, web_search=None, dropped=tuple(dict.fromkeys((*prompt.dropped, search.field))))


# --- the text of a custom tool, which a function's arguments wrap -------------------------------------------------

INPUT_SCHEMA: JSON = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""The schema of a function that takes the raw text of a custom tool."""

_WRAPPING = re.compile(r'\s*\{\s*"input"\s*:\s*"((?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)')
_HALF_ESCAPE = re.compile(r"(?:\\(?:u[0-9a-fA-F]{0,3})?)?")


def describe_tool(tool: Tool, dropped: list[str]) -> str | None:
    """A tool's description; the grammar of a custom one, which is not enforced, is added in words and named as such."""
    if tool.grammar is None:
        return tool.description
    dropped.append(f"tools[{tool.name}].format{IN_WORDS}")
    rule = f"`input` must match this {tool.grammar.syntax} grammar:\n{tool.grammar.definition}"
    return f"{tool.description}\n\n{rule}" if tool.description else rule


def wrap_input(text: str) -> JSON:
    """The arguments of a function that stand for the text of a custom tool."""
    return {"input": text}


def unwrap_input(arguments: str) -> str:
    """The raw text for a custom tool, as far as it has come; all there is where the model left the wrapping out."""
    if not has_few_values(arguments):
        return arguments
    try:
        value = replace_surrogates_in(json.loads(arguments, strict=False))
    except (ValueError, RecursionError):
        return _unwrap_unfinished(arguments)
    match value:
        case {"input": str(text)}:
            return text
        case {"input": other}:
            return msgspec.json.encode(other).decode()
        case _:
            return arguments


def _unwrap_unfinished(arguments: str) -> str:
    """The text of a wrapping that was never closed."""
    found = _WRAPPING.match(arguments)
    if found is None or _HALF_ESCAPE.fullmatch(arguments, found.end()) is None:
        return arguments
    return replace_surrogates(json.loads(f'"{found[1]}"', strict=False))


# --- a document as text --------------------------------------------------------------------------------------------


def document_text(part: Document, field: str) -> str:
    """The text that a document holds. Fails where it is no base64; `field` is the one that is named."""
    try:
        return base64.b64decode(part.data).decode("utf-8", "replace")
    except ValueError as error:
        raise Failure(Kind.INVALID, "a document is not valid base64", param=field) from error


# --- an answer in JSON -------------------------------------------------------------------------------------------

ANSWER_IN_JSON = "Answer with one JSON object and nothing else."
"""What a prompt says where any JSON object is wanted and the upstream has no JSON mode, or refuses it unsaid."""


def mentions_json(prompt: Prompt) -> bool:
    """Whether a text of the conversation has the word: OpenAI's JSON mode refuses one that has not.

    https://platform.openai.com/docs/guides/structured-outputs#json-mode
    """
    texts = (part.text for message in prompt.messages for part in message.parts if isinstance(part, Text))
    return any("json" in text.lower() for text in texts)
