"""Schemas as Anthropic takes them; the simulator's own check is the judge."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passenger.dialects.anthropic.schema_out import AcceptedSchema, is_any_object
from passenger.simulator.messages.form import check_format

JSON = dict[str, Any]

ANY = {"anyOf": [{"type": kind} for kind in ("string", "number", "boolean", "null")]}


def accepted(schema: JSON) -> JSON:
    return AcceptedSchema(schema).schema


def closed(**properties: Any) -> JSON:
    return {"type": "object", "properties": properties, "additionalProperties": False}


CASES: list[tuple[JSON, JSON, bool]] = [
    ({"type": "integer", "minimum": 0}, {"type": "integer", "description": '{"minimum": 0}'}, True),
    (
        {"type": "string", "minLength": 1, "description": "A name"},
        {"type": "string", "description": 'A name\n\n{"minLength": 1}'},
        True,
    ),
    ({"type": "string", "default": "a"}, {"type": "string", "description": '{"default": "a"}'}, False),
    ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}, False),
    (
        {"type": "string", "format": "uri-reference"},
        {"type": "string", "description": '{"format": "uri-reference"}'},
        True,
    ),
    (
        {"type": "array", "items": {"type": "null"}, "minItems": 1},
        {"type": "array", "items": {"type": "null"}, "minItems": 1},
        False,
    ),
    ({"type": "array", "minItems": 2}, {"type": "array", "description": '{"minItems": 2}'}, True),
    ({"properties": {"a": {"type": "null"}}}, closed(a={"type": "null"}), False),
    ({"type": "object", "properties": {}, "additionalProperties": True}, closed(), False),
    (
        {"type": "object", "additionalProperties": {"type": "number"}},
        {**closed(), "description": '{"additionalProperties": {"type": "number"}}'},
        True,
    ),
    ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, False),
    (
        {"type": "object", "oneOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
        {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
        False,
    ),
    (
        {"properties": {"a": {"type": "null"}}, "anyOf": [{"required": ["a"]}]},
        {**closed(a={"type": "null"}), "description": '{"anyOf": [{"required": ["a"]}]}'},
        True,
    ),
    ({"allOf": [{"$ref": "#/$defs/A"}], "title": "T"}, {"$ref": "#/$defs/A"}, False),
    ({"allOf": [{"type": "string"}], "description": "d"}, {"type": "string", "description": "d"}, False),
    ({"$ref": "#/$defs/A", "description": "d"}, {"$ref": "#/$defs/A"}, True),
    (
        {"$defs": {"A": {"type": "object", "$schema": "x"}}, "$ref": "#/$defs/A"},
        {"$defs": {"A": {**closed(), "description": '{"additionalProperties": true}'}}, "$ref": "#/$defs/A"},
        True,
    ),
    ({"type": ["string", "null"], "enum": ["a", None]}, {"enum": ["a", None]}, False),
    ({"const": 1}, {"const": 1}, False),
    ({"enum": [{"a": 1}]}, {**ANY, "description": '{"enum": [{"a": 1}]}'}, True),
    (
        {"type": ["string", "null"], "format": "date", "maxLength": 9},
        {
            "anyOf": [{"type": "string", "format": "date", "description": '{"maxLength": 9}'}, {"type": "null"}],
        },
        True,
    ),
    ({"title": "T"}, {**ANY, "title": "T"}, False),
    ({"type": "file"}, {**ANY, "description": '{"type": "file"}'}, True),
    ({"anyOf": [True, {"type": "null"}]}, {**ANY, "description": '{"anyOf": [true, {"type": "null"}]}'}, True),
]


@pytest.mark.parametrize(("given_", "expected", "worded"), CASES, ids=[json.dumps(case[0]) for case in CASES])
def test_what_is_not_enforced_is_asked_for_in_the_description(given_: JSON, expected: JSON, worded: bool) -> None:  # noqa: FBT001, RUF100 - pytest gives it
    found = AcceptedSchema(given_)
    assert (found.schema, found.worded) == (expected, worded)


def test_a_description_of_the_whole_comes_first() -> None:
    assert AcceptedSchema({"type": "null", "description": "b"}, "a").schema == {"type": "null", "description": "a\n\nb"}
    assert AcceptedSchema({"type": "null"}, "a").schema["description"] == "a"


@pytest.mark.parametrize("schema", [None, {}, {"type": "object"}, {"type": "object", "additionalProperties": {}}])
def test_any_object_is_no_schema(schema: JSON | None) -> None:
    assert is_any_object(schema)


@pytest.mark.parametrize("schema", [{"type": "array"}, closed(), {"type": "object", "required": ["a"]}, {"title": "a"}])
def test_anything_else_is_one(schema: JSON) -> None:
    assert not is_any_object(schema)


# --- laws ------------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "properties", "type", "$ref"])
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "null", "file", ["string", "null"], ["object"], [], 3]),
        "format": st.sampled_from(["date", "regex", 1]),
        "minimum": st.integers(),
        "pattern": st.just("^a"),
        "enum": st.sampled_from([["x"], [{"x": 1}], [], "x"]),
        "const": st.sampled_from([1, None, {}]),
        "description": st.sampled_from(["d", 1]),
        "default": st.integers(),
        "$ref": st.sampled_from(["#/$defs/a", 1]),
        "additionalProperties": st.sampled_from([True, False, {}, {"type": "null"}]),
        "required": st.just(["a"]),
        "minItems": st.integers(0, 3),
        "uniqueItems": st.booleans(),
    },
)


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", ["object", "array", "null"]]),
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "items": inner | st.booleans(),
            "anyOf": several,
            "oneOf": several,
            "allOf": several,
            "$defs": st.dictionaries(NAMES, inner, max_size=2),
            "not": inner,
            "description": st.just("d"),
        },
    )


SCHEMAS: st.SearchStrategy[JSON] = st.recursive(LEAVES, grown, max_leaves=12)


@given(SCHEMAS)
def test_every_schema_becomes_one_that_is_taken(schema: JSON) -> None:
    check_format({"type": "json_schema", "schema": accepted(schema)})


KEYWORDS = sorted(
    {"type", "enum", "const", "$ref", "$defs", "definitions", "anyOf", "oneOf", "allOf", "title", "description"}
    | {"properties", "required", "additionalProperties", "items", "minItems", "format", "pattern", "minLength"}
)
JUNK: list[Any] = [None, True, 1, 2.5, "x", [], [[]], [{}], [1, None], {}, {"a": []}, {"a": {"type": {}}}]


@pytest.mark.parametrize("kind", ["object", "array", "string", ["array", "object"], None])
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_whatever_stands_in_a_keyword_becomes_something_that_is_taken(keyword: str, kind: object) -> None:
    for junk in JUNK:
        schema = ({} if kind is None else {"type": kind}) | {keyword: junk}
        check_format({"type": "json_schema", "schema": accepted(schema)})


@given(SCHEMAS)
@example({"type": "object", "description": "d", "items": {}, "allOf": [{"type": "string"}]})
def test_what_is_taken_stays_as_it_is(schema: JSON) -> None:
    again = AcceptedSchema(once := accepted(schema))
    assert again.schema == once
    assert not again.worded


@given(SCHEMAS)
def test_a_schema_is_not_changed_by_being_read(schema: JSON) -> None:
    before = json.dumps(schema)
    accepted(schema)
    assert json.dumps(schema) == before


@given(SCHEMAS)
@example({"properties": {"a": {}}, "allOf": [{"$ref": "#/$defs/a"}]})
@example({"properties": {"a": {"enum": [1], "allOf": [{"$ref": "#/$defs/a"}]}}})
def test_no_name_of_a_property_and_no_literal_is_lost_but_beside_a_reference(schema: JSON) -> None:
    said = json.dumps(accepted(schema)).replace("\\", "")
    for name, value in schema.get("properties", {}).items():
        if not isinstance(schema.get("$ref"), str):
            assert f'"{name}"' in said
            if isinstance(value.get("enum"), list) and not isinstance(value.get("$ref"), str):
                assert json.dumps(value["enum"]) in said


@pytest.mark.proves("promise 8", "N12")
def test_a_schema_of_any_size_and_depth_grows_by_no_more_than_a_part() -> None:
    deep: JSON = {"type": "string", "minLength": 1}
    for _ in range(100):
        deep = {"type": "object", "properties": {"a": deep, "b": {"$ref": "#"}}, "minProperties": 1}
    wide = closed(**{f"p{n}": {"type": "integer", "minimum": n} for n in range(5_000)})
    for schema in (deep, wide):
        assert len(json.dumps(accepted(schema))) < 3 * len(json.dumps(schema))
