"""What tunes a request, its tools, the schemas of both, and what is dropped or refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import ReasoningConfig, Schema, Tool, ToolChoice
from passenger.dialects import Request
from passenger.dialects.google import counting
from passenger.dialects.google.peek import peek
from passenger.dialects.google.request_in import read_prompt, to_json_schema
from passenger.errors import Failure, Kind
from tests.dialects.google.asking import USER, prompt, request

FUNCTION: dict[str, Any] = {"name": "f", "description": "It", "parameters": {"type": "OBJECT"}}


def refused(**fields: Any) -> str | None:
    with pytest.raises(Failure) as caught:
        without_search(prompt(**fields))
    assert caught.value.kind is Kind.INVALID
    return caught.value.param


def test_every_setting_has_its_place() -> None:
    read = prompt(
        generationConfig={
            "maxOutputTokens": 99,
            "temperature": 0,
            "topP": 0.5,
            "topK": 40.0,
            "stopSequences": ["a", "b"],
            "seed": 7,
            "presencePenalty": 0.1,
            "frequencyPenalty": -0.1,
            "candidateCount": 1.0,
            "responseModalities": ["TEXT"],
        }
    )
    assert (read.limit, read.temperature, read.top_p, read.top_k, read.stop) == (99, 0.0, 0.5, 40, ("a", "b"))
    assert (read.seed, read.presence_penalty, read.frequency_penalty) == (7, 0.1, -0.1)
    assert read.dropped == ()


@pytest.mark.parametrize(
    ("config", "schema"),
    [
        ({}, None),
        ({"responseMimeType": "text/plain"}, None),
        ({"responseMimeType": "application/json"}, Schema(None)),
        ({"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY"}}, Schema({"type": "array"})),
        ({"responseJsonSchema": {"type": "object"}}, Schema({"type": "object"})),
        (
            {"_responseJsonSchema": {"type": "object"}, "response_mime_type": "application/json"},
            Schema({"type": "object"}),
        ),
    ],
)
def test_the_shape_of_an_answer(config: dict[str, Any], schema: Schema | None) -> None:
    assert prompt(generationConfig=config).schema == schema


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        (None, None),
        ({}, None),
        ({"includeThoughts": True}, ReasoningConfig(show=True)),
        ({"thinkingBudget": 0}, ReasoningConfig(budget=0, show=False)),
        ({"thinkingBudget": -1, "includeThoughts": True}, ReasoningConfig(budget=-1, show=True)),
        ({"thinkingLevel": "HIGH"}, ReasoningConfig("high", show=False)),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, ReasoningConfig(show=False)),
    ],
)
def test_how_much_to_think(thinking: dict[str, Any] | None, reasoning: ReasoningConfig | None) -> None:
    assert prompt(generationConfig={"thinkingConfig": thinking}).reasoning == reasoning


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        (None, None),
        ({}, None),
        ({"mode": "AUTO"}, ToolChoice("auto")),
        ({"mode": "any"}, ToolChoice("required")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice("required", ("f",))),
        ({"mode": "VALIDATED"}, ToolChoice("auto")),
        ({"mode": "NONE"}, ToolChoice("none")),
        ({"allowedFunctionNames": ["f"]}, ToolChoice("auto", ("f",))),
    ],
)
def test_how_tools_must_be_used(config: dict[str, Any] | None, choice: ToolChoice | None) -> None:
    assert prompt(toolConfig={"functionCallingConfig": config}).tool_choice == choice


def test_functions_become_tools() -> None:
    bare = {"name": "g"}
    read = prompt(tools=[{"functionDeclarations": [FUNCTION, bare]}, {"functionDeclarations": []}])
    assert read.tools == (Tool("f", "It", {"type": "object"}), Tool("g", None, {"type": "object", "properties": {}}))


def test_googles_own_tools_are_dropped_by_name_beside_functions_and_else_refused() -> None:
    searching = prompt(tools=[{"functionDeclarations": [FUNCTION]}, {"googleSearch": {}}])
    assert without_search(searching).dropped == ("tools.googleSearch",)
    beside = prompt(tools=[{"functionDeclarations": [FUNCTION], "codeExecution": {}, "googleSearch": None}])
    assert beside.dropped == ("tools.codeExecution",)
    assert prompt(tools=[{"googleSearch": None}]).dropped == ()
    assert refused(tools=[{"google_search": {}}]) == "tools"
    assert refused(tools=[{"codeExecution": {}, "functionDeclarations": []}]) == "tools"


@pytest.mark.parametrize("name", ["googleSearch", "google_search", "googleSearchRetrieval"])
def test_googles_search_is_read_alone_or_beside_functions(name: str) -> None:
    alone = prompt(tools=[{name: {"excludeDomains": ["a.example"]}, "urlContext": {}}])
    assert alone.web_search is not None
    assert (alone.web_search.only, alone.web_search.blocked_domains) == (True, ("a.example",))
    assert (alone.tools, alone.dropped) == ((), ("tools.urlContext",))
    beside = prompt(tools=[{"functionDeclarations": [FUNCTION]}, {name: {}}])
    assert beside.web_search is not None
    assert (beside.web_search.only, beside.web_search.refusal) == (False, None)
    assert len(beside.tools) == 1


@pytest.mark.parametrize(
    ("tools", "offered"),
    [
        ([{"functionDeclarations": [FUNCTION]}], None),
        ([{"googleSearch": None, "urlContext": {}}], None),
        ({"google_search": {}}, "only"),
        ([{"googleSearch": {}, "function_declarations": []}], "only"),
        ([{"functionDeclarations": [FUNCTION]}, {"googleSearch": {}}], "beside"),
        ([{"functionDeclarations": FUNCTION, "google_search_retrieval": {}}], "beside"),
    ],
)
def test_a_search_is_offered_alone_or_beside_functions(tools: object, offered: str | None) -> None:
    assert peek(request({"contents": [USER], "tools": tools})).web_search == offered


def test_what_only_tunes_is_dropped_by_name_where_it_says_something() -> None:
    read = prompt(
        safetySettings=[{"category": "X"}],
        labels={},
        generationConfig={"responseLogprobs": True, "logprobs": 3, "speechConfig": None},
        toolConfig={"retrievalConfig": {"languageCode": "en"}},
    )
    assert read.dropped == (
        "safetySettings",
        "toolConfig.retrievalConfig",
        "generationConfig.responseLogprobs",
        "generationConfig.logprobs",
    )


def test_what_is_said_within_is_dropped_with_its_whole_path() -> None:
    read = prompt(
        tools=[{"functionDeclarations": [{**FUNCTION, "behavior": "NON_BLOCKING", "response": {}}, {"name": "g"}]}],
        toolConfig={"functionCallingConfig": {"mode": "AUTO", "streamFunctionCallArguments": True}},
        generationConfig={"thinkingConfig": {"thinkingBudget": 5, "other": 1, "more": None}},
    )
    assert read.dropped == (
        "tools.functionDeclarations.behavior",
        "toolConfig.functionCallingConfig.streamFunctionCallArguments",
        "generationConfig.thinkingConfig.other",
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
        ({"generationConfig": {"topK": 40.5}}, "generationConfig.topK"),
        ({"generationConfig": {"speechConfig": {"voiceConfig": {}}}}, "generationConfig.speechConfig"),
        ({"generationConfig": {"responseFormat": [{"text": {}}]}}, "generationConfig.responseFormat"),
        ({"contents": "hi"}, "contents"),
        ({"generationConfig": {"candidateCount": 9}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"responseModalities": ["AUDIO"]}}, "generationConfig.responseModalities"),
        ({"generationConfig": {"responseMimeType": "text/x.enum"}}, "generationConfig.responseMimeType"),
        ({"generationConfig": {"maxOutputTokens": -1}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": {"temperature": "hot"}}, "generationConfig.temperature"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "SOME"}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        ({"generationConfig": []}, "generationConfig"),
        ({"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}, "toolConfig.functionCallingConfig.mode"),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"tools": [{"functionDeclarations": [{"name": ""}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"contents": None}, "contents"),
    ],
)
def test_what_changes_the_meaning_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    assert refused(**fields) == param


WORDS = """contents parts role text thought thoughtSignature inlineData mimeType data name args functionCall response
functionResponse tools functionDeclarations parameters toolConfig functionCallingConfig mode generationConfig type
thinkingConfig stopSequences topK fileData"""
KEYS = st.sampled_from(WORDS.split())
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
ANY = st.recursive(
    LEAVES | KEYS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=15
)


READS: list[Callable[[Request], object]] = [peek, read_prompt, counting.read_prompt]


def refusal(read: Callable[[Request], object], asked: Request) -> Failure | None:
    try:
        read(asked)
    except Failure as failure:
        return failure
    return None


@given(st.dictionaries(KEYS, ANY, max_size=4) | ANY, st.sampled_from(READS))
def test_any_body_is_read_or_refused_as_the_callers_fault(body: object, read: Callable[[Request], object]) -> None:
    failure = refusal(read, request(body))
    assert failure is None or failure.kind is Kind.INVALID


ASKED = '{"contents": [{"parts": [{"text": "hi"}]}], '


@pytest.mark.parametrize("depth", [150, 400, 900, 5000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        (ASKED + '"x": ', "}"),
        (ASKED + '"tools": [{"functionDeclarations": [{"name": "f", "parameters": ', "}]}]}"),
        ('{"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": ', "}}]}]}"),
    ],
)
@pytest.mark.parametrize("read", READS)
def test_a_body_of_any_depth_is_read_or_refused(
    opening: str, closing: str, depth: int, read: Callable[[Request], object]
) -> None:
    body = opening + '{"items": ' * depth + "{}" + "}" * depth + closing
    failure = refusal(read, Request(body.encode(), {"model": "m", "action": "generateContent"}))
    assert failure is None or (failure.kind, failure.message) == (Kind.INVALID, "the body is nested too deeply")


# --- schemas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "OBJECT"}, {"type": "object"}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        ({"type": "MyType"}, {"type": "MyType"}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        (
            {"type": "STRING", "nullable": True, "format": "enum", "enum": ["A"]},
            {"type": ["string", "null"], "enum": ["A", None]},
        ),
        ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"any_of": [{"type": "INTEGER"}]}, {"anyOf": [{"type": "integer"}]}),
        ({"minItems": "2", "max_length": 3}, {"minItems": 2, "maxLength": 3}),
        ({"propertyOrdering": ["a"], "title": "T"}, {"title": "T"}),
        ({"items": {"type": "NUMBER"}}, {"items": {"type": "number"}}),
        (
            {"properties": {"a": {"ref": "#/defs/P"}, "ref": {"type": "STRING"}}, "defs": {"P": {"type": "OBJECT"}}},
            {
                "properties": {"a": {"$ref": "#/$defs/P"}, "ref": {"type": "string"}},
                "$defs": {"P": {"type": "object"}},
            },
        ),
        ({"$ref": "#/definitions/P"}, {"$ref": "#/definitions/P"}),
        ({"items": True, "additionalProperties": False}, {"items": True, "additionalProperties": False}),
        ({"enum": ["OBJECT"], "default": {"type": "OBJECT"}}, {"enum": ["OBJECT"], "default": {"type": "OBJECT"}}),
    ],
)
def test_it_says_the_same_in_json_schemas_words(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert to_json_schema(given) == expected


def test_the_names_of_properties_are_the_clients_own() -> None:
    given = {"type": "OBJECT", "properties": {"any_of": {"type": "STRING"}, "nullable": {"type": "BOOLEAN"}}}
    assert to_json_schema(given) == {
        "type": "object",
        "properties": {"any_of": {"type": "string"}, "nullable": {"type": "boolean"}},
    }
