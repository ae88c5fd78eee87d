"""What is refused of the schema in `output_config.format`, in the vendor's words.

The words are those that users have reported of Anthropic itself; what Copilot answers was not seen.
"""

from typing import Any

from passenger.simulator.messages.errors import extra, refuse

PLACE = "output_config.format.schema"
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
ANYWHERE = {"$defs", "$ref", "const", "default", "definitions", "description", "enum", "title", "type"}
OF_TYPES: dict[str, set[str]] = {
    "object": {"additionalProperties", "properties", "required"},
    "array": {"items", "minItems"},
    "string": {"format", "pattern"},
    "integer": set(),
    "number": set(),
    "boolean": set(),
    "null": set(),
}
UNIONS = ("anyOf", "allOf")


def check_format(form: Any) -> None:  # Any: the JSON edge
    """Refuse a format that is no schema in the flat form: beside the type, not under `json_schema`."""
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        refuse("output_config.format.type: Input should be 'json_schema'")
    if not isinstance(form.get("schema"), dict):
        refuse(f"{PLACE}: Field required")
    for name in form:
        if name not in {"type", "schema"}:
            extra(f"output_config.format.{name}")
    _check(form["schema"])


def _check(schema: Any) -> None:  # Any: the JSON edge
    if not isinstance(schema, dict):
        refuse(f"{PLACE}: Schemas should be dictionaries")
    if "oneOf" in schema:
        refuse(f"{PLACE}: Schema type 'oneOf' is not supported")
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if not isinstance(kind, str) or kind not in OF_TYPES:
            refuse(f"{PLACE}: Schema type '{kind}' is not supported")
        _check_type(kind, schema)
    if not schema.keys() & {"type", "$ref", "enum", "const", *UNIONS}:
        refuse(f"{PLACE}: Schema must have a 'type', 'anyOf', 'allOf', 'enum', 'const' or '$ref' field")
    for inner in _inner(schema):
        _check(inner)


def _check_type(kind: str, schema: dict[str, Any]) -> None:
    for name in schema:
        if name not in OF_TYPES[kind] | ANYWHERE | {*UNIONS}:
            refuse(f"{PLACE}: For '{kind}' type, property '{name}' is not supported")
    if kind == "object" and schema.get("additionalProperties") is not False:
        refuse(f"{PLACE}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    required = schema.get("required", [])
    if kind == "object" and not (isinstance(required, list) and all(isinstance(name, str) for name in required)):
        refuse(f"{PLACE}: For 'object' type, 'required' must be a list of names")
    if kind == "array" and (schema.get("minItems", 0) not in (0, 1) or isinstance(schema.get("minItems"), bool)):
        refuse(f"{PLACE}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if kind == "string" and schema.get("format") not in (None, *FORMATS):
        refuse(f"{PLACE}: For 'string' type, 'format' value '{schema['format']}' is not supported")


def _inner(schema: dict[str, Any]) -> list[Any]:
    """The schemas in it; what stands where they should is one, too, and refused as such."""
    named = [schema[name] for name in ("properties", "$defs", "definitions") if schema.get(name)]
    listed = [schema[name] for name in UNIONS if schema.get(name)]
    return [
        *(one for group in named for one in (group.values() if isinstance(group, dict) else [group])),
        *(one for group in listed for one in (group if isinstance(group, list) else [group])),
        *([schema["items"]] if "items" in schema else []),
    ]
