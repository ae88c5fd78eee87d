"""Reads a whole request of `generateContent` as a `Prompt`: https://ai.google.dev/api/generate-content."""

from typing import Any

from passenger.chat.prompt import Prompt, ReasoningConfig, Schema, Tool, ToolChoice
from passenger.chat.reasoning import EFFORTS
from passenger.chat.web_search import SearchRefusal, SearchTool
from passenger.dialects import Request
from passenger.dialects.caps import read_choices
from passenger.dialects.google.contents_in import read_contents, read_system
from passenger.dialects.google.fields import is_streamed, read_body, read_model, read_repeated
from passenger.jsontext.node import JsonNode
from passenger.jsontext.reading import JSON, invalid

_READ_OF_BODY = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model"})


def read_prompt(request: Request) -> Prompt:
    """The whole request."""
    return build_prompt(read_body(request), read_model(request), stream=is_streamed(request))


def build_prompt(body: JSON, model: str, *, stream: bool) -> Prompt:
    """The prompt of a body whose field names are in `camelCase`. Fails as `read_prompt` does."""
    try:
        return _build_prompt(JsonNode(body), model, stream=stream)
    except RecursionError as error:
        raise invalid("the body is nested too deeply") from error


def _build_prompt(body: JsonNode, model: str, *, stream: bool) -> Prompt:
    if body.get("cachedContent"):
        raise invalid("cachedContent is kept by Google; send the whole conversation", "cachedContent")
    tools, hosted, search = _read_tools(body)
    choice, unconfigured = _read_tool_choice(body)
    config = body.node_or_empty(CONFIG)
    thinking = config.node_or_empty("thinkingConfig")
    _refuse_other_media(config)
    rest = (name for name in body.unknown(_READ_OF_BODY) if body.get(name) not in ("", [], {}))
    unread = (*_unread(config, _READ_OF_CONFIG), *_unread(thinking, _THINKING))
    return Prompt(
        model=model,
        stream=stream,
        tools=tools,
        tool_choice=choice,
        limit=_read_limit(config),
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=config.whole_number("topK"),
        stop=tuple(config.texts("stopSequences")),
        seed=config.whole_number("seed"),
        presence_penalty=config.number("presencePenalty"),
        frequency_penalty=config.number("frequencyPenalty"),
        schema=_read_schema(config),
        reasoning=_read_reasoning(thinking),
        choices=_read_candidate_count(config),
        web_search=search,
        messages=(*read_system(body), *read_contents(body)),
        dropped=tuple(dict.fromkeys((*rest, *hosted, *unconfigured, *unread))),
    )


# --- `generationConfig` ------------------------------------------------------------------------------------------


CONFIG = "generationConfig"

_READ_OF_CONFIG = frozenset(
    {"maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "seed", "presencePenalty", "frequencyPenalty"}
    | {"responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"}
    | {"candidateCount", "responseModalities"}
)
_IMPOSSIBLE = ("speechConfig", "audioTranscriptionConfig", "translationConfig", "responseFormat")
"""Settings that ask for an answer which is not text."""

_THINKING = frozenset({"thinkingBudget", "thinkingLevel", "includeThoughts"})


def _unread(node: JsonNode, read: frozenset[str]) -> tuple[str, ...]:
    names = (name for name, value in node.fields.items() if value not in (None, False, "", [], {}))
    return tuple(node.at(name) for name in names if name not in read)


def _read_limit(config: JsonNode) -> int | None:
    limit = config.whole_number("maxOutputTokens")
    if limit is not None and limit < 0:
        raise invalid(f"{CONFIG}.maxOutputTokens must be positive", f"{CONFIG}.maxOutputTokens")
    return limit or None


def _read_candidate_count(config: JsonNode) -> int:
    """How many answers are wanted. 0 is the default of protocol buffers, so it counts as absent."""
    count = config.whole_number("candidateCount") or None
    return read_choices(JsonNode({"candidateCount": count}, CONFIG), "candidateCount")


def _refuse_other_media(config: JsonNode) -> None:
    for name in _IMPOSSIBLE:
        if config.get(name):
            raise invalid(f"{CONFIG}.{name} asks for what cannot be had from this model", f"{CONFIG}.{name}")
    modalities = config.texts("responseModalities")
    if any(kind.upper() not in {"TEXT", "MODALITY_UNSPECIFIED"} for kind in modalities):
        raise invalid("Copilot's models answer with text only", f"{CONFIG}.responseModalities")


def _read_schema(config: JsonNode) -> Schema | None:
    kind = config.text("responseMimeType") or "text/plain"
    name = "responseJsonSchema" if config.get("responseJsonSchema") else "responseSchema"
    schema = config.node_or_empty(name).fields
    if kind == "application/json" or (schema and kind == "text/plain"):
        return Schema(to_json_schema(schema) if schema else None)
    if kind != "text/plain":
        raise invalid(f"an answer of type {kind!r} cannot be had from this model", f"{CONFIG}.responseMimeType")
    return None


def _read_reasoning(thinking: JsonNode) -> ReasoningConfig | None:
    if not thinking.fields:
        return None
    level = thinking.text("thinkingLevel")
    budget = thinking.whole_number("thinkingBudget")
    shown = thinking.boolean("includeThoughts") or False
    word = None if level is None or level.upper().endswith("UNSPECIFIED") else level.lower()
    if word is not None and word not in EFFORTS:
        place = thinking.at("thinkingLevel")
        raise invalid(f"{place} {level!r} is no level that is known", place)
    return ReasoningConfig(word, budget, shown)


# --- tools -------------------------------------------------------------------------------------------------------


_MODES = {
    "MODE_UNSPECIFIED": "auto",
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}


_DECLARED = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_CALLING = "functionCallingConfig"
_CHOICE = frozenset({"mode", "allowedFunctionNames"})


_SEARCHES = frozenset({"googleSearch", "googleSearchRetrieval"})


def _read_tools(body: JsonNode) -> tuple[tuple[Tool, ...], tuple[str, ...], SearchTool | None]:
    """The functions, and what is left out: unknown fields, and tools that Google runs, unless all are; the search."""
    entries = read_repeated(body, "tools")
    declared = [one for entry in entries for one in read_repeated(entry, "functionDeclarations")]
    found = tuple(map(_read_tool, declared))
    named = [name for entry in entries for name, value in entry.fields.items() if value is not None]
    hosted = dict.fromkeys(name for name in named if name != "functionDeclarations")
    refusal = None
    if hosted and not found:
        name = next(iter(hosted))
        refusal = SearchRefusal(f"tools.{name} is run by Google and cannot be carried to Copilot", "tools")
    search = _read_search(entries, refusal)
    if refusal is not None and search is None:
        raise invalid(refusal.message, refusal.param)
    hosted = dict.fromkeys(name for name in hosted if name not in _SEARCHES)
    fields = [(name, value) for function in declared for name, value in function.fields.items()]
    more = (f"functionDeclarations.{name}" for name, value in fields if name not in _DECLARED and value)
    return found, tuple(dict.fromkeys(f"tools.{name}" for name in (*hosted, *more))), search


def _read_search(entries: list[JsonNode], refusal: SearchRefusal | None) -> SearchTool | None:
    """Google's search; a threshold of when to search has no place here."""
    found = ((name, entry.node(name)) for entry in entries for name in entry.fields if name in _SEARCHES)
    name, search = next(((name, node) for name, node in found if node is not None), ("", None))
    if search is None:
        return None
    blocked = tuple(search.texts("excludeDomains"))
    return SearchTool(blocked_domains=blocked, only=refusal is not None, field=f"tools.{name}", refusal=refusal)


def _read_tool(declared: JsonNode) -> Tool:
    name = declared.filled_text("name")
    schema = declared.node_or_empty("parametersJsonSchema").fields or declared.node_or_empty("parameters").fields
    read = to_json_schema(schema) if schema else {}
    read = {"type": "object", "properties": {}} if not read else {"type": "object", **read}
    return Tool(name, declared.text("description"), read)


def _read_tool_choice(body: JsonNode) -> tuple[ToolChoice | None, tuple[str, ...]]:
    """Whether tools must be called, and the names of the settings that are left out."""
    config = body.node_or_empty("toolConfig")
    calling = config.node_or_empty(_CALLING)
    beside = (config.at(name) for name, value in config.fields.items() if value and name != _CALLING)
    within = (calling.at(name) for name, value in calling.fields.items() if value and name not in _CHOICE)
    dropped = (*beside, *within)
    mode = calling.text("mode")
    names = tuple(calling.texts("allowedFunctionNames"))
    if mode is None and not names:
        return None, dropped
    match _MODES.get((mode or "AUTO").upper()):
        case "auto":
            return ToolChoice("auto", names), dropped
        case "required":
            return ToolChoice("required", names), dropped
        case "none":
            return ToolChoice("none"), dropped
        case _:
            place = calling.at("mode")
            raise invalid(f"{place} {mode!r} is none of AUTO, ANY, NONE and VALIDATED", place)


# --- schemas -----------------------------------------------------------------------------------------------------


_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_OF_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords that hold schemas by names, which belong to the client."""
_OF_SCHEMAS = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
    | {"anyOf", "oneOf", "allOf", "prefixItems"}
)
"""Keywords that hold a schema or a list of them."""
_SPELLINGS = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "additional_properties": "additionalProperties",
    "property_ordering": "propertyOrdering",
    "prefix_items": "prefixItems",
    "ref": "$ref",
    "defs": "$defs",
}
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
"""64-bit integers: the JSON of protocol buffers writes them as strings."""


def to_json_schema(schema: JSON) -> JSON:
    """A schema of Google's as JSON Schema: https://ai.google.dev/api/caching#Schema is a subset of OpenAPI 3.0.

    `propertyOrdering` is left out: JSON Schema has no such keyword.
    """
    read = {new: _convert_keyword(new, value) for name, value in schema.items() if (new := _SPELLINGS.get(name, name))}
    read.pop("propertyOrdering", None)
    if read.get("format") == "enum":
        del read["format"]
    return _make_nullable(read) if read.pop("nullable", False) is True else read


def _convert_keyword(keyword: str, value: Any) -> Any:
    match value:
        case str() if keyword == "type":
            return value.lower() if value in _TYPES else value
        case str() if keyword == "$ref":
            return value.replace("#/defs/", "#/$defs/", 1) if value.startswith("#/defs/") else value
        case str() if keyword in _COUNTS and value.isascii() and value.isdecimal():
            return int(value)
        case list() if keyword == "type":
            return [_convert_keyword("type", name) for name in value]
        case dict() if keyword in _OF_NAMES:
            return {name: _convert(inner) for name, inner in value.items()}
        case list() if keyword in _OF_SCHEMAS:
            return [_convert(inner) for inner in value]
        case dict() if keyword in _OF_SCHEMAS:
            return to_json_schema(value)
        case _:
            return value


def _convert(value: Any) -> Any:
    return to_json_schema(value) if isinstance(value, dict) else value


def _make_nullable(schema: JSON) -> JSON:
    """Translate OpenAPI's `nullable: true`."""
    match schema:
        case {"type": str(kind)}:
            schema["type"] = [kind, "null"]
        case {"anyOf": list(kinds)}:
            schema["anyOf"] = [*kinds, {"type": "null"}]
        case _:
            pass
    match schema:
        case {"enum": list(values)} if None not in values:
            schema["enum"] = [*values, None]
        case _:
            pass
    return schema
