"""Google's schemas as JSON Schema; it hides OpenAPI's spellings, which its clients write even where JSON Schema is due.

Facts: Google's API reference ("Schema": an OpenAPI 3.0 subset), and what Gemini CLI and google-genai send.
"""

from typing import Any

from passenger.chat import JSON

_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_OF_NAMES = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords that hold schemas by names of the client's."""
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
"""64-bit numbers, which the JSON of protocol buffers writes as text."""


def json_schema(schema: JSON) -> JSON:
    """The same schema in JSON Schema's words; the order of properties, which JSON Schema cannot say, is left out."""
    read = {new: _value(new, value) for name, value in schema.items() if (new := _SPELLINGS.get(name, name))}
    read.pop("propertyOrdering", None)
    if read.get("format") == "enum":
        del read["format"]
    return _nullable(read) if read.pop("nullable", False) is True else read


def _value(keyword: str, value: Any) -> Any:
    match value:
        case str() if keyword == "type":
            return value.lower() if value in _TYPES else value
        case str() if keyword == "$ref":
            return value.replace("#/defs/", "#/$defs/", 1) if value.startswith("#/defs/") else value
        case str() if keyword in _COUNTS and value.isascii() and value.isdecimal():
            return int(value)
        case list() if keyword == "type":
            return [_value("type", name) for name in value]
        case dict() if keyword in _OF_NAMES:
            return {name: _schema(inner) for name, inner in value.items()}
        case list() if keyword in _OF_SCHEMAS:
            return [_schema(inner) for inner in value]
        case dict() if keyword in _OF_SCHEMAS:
            return json_schema(value)
        case _:
            return value


def _schema(value: Any) -> Any:
    return json_schema(value) if isinstance(value, dict) else value


def _nullable(schema: JSON) -> JSON:
    """OpenAPI's `nullable: true`."""
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
