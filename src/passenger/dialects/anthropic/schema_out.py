"""The JSON Schema of an answer, in the keywords that Anthropic enforces.

Anthropic refuses every other keyword, so that those go into the description, as its own SDKs do it.
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

import json
from typing import Any

JSON = dict[str, Any]

FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)
"""The formats of a string that are enforced."""

_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_DEFINITIONS = ("$defs", "definitions")
_UNIONS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_SAYS_NOTHING = frozenset({"$schema", "$id", "$comment"})
_ANNOTATIONS = frozenset({"default", "example", "examples", "deprecated", "readOnly", "writeOnly"})
"""Keywords that constrain nothing: in words they mean the same."""

_OF_OBJECTS = frozenset(
    {"properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties"}
    | {"maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties"}
)
_OF_ARRAYS = frozenset({"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"})
_OF_TEXTS = frozenset({"format", "pattern", "minLength", "maxLength"})
_OF_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_OF = {
    "object": _OF_OBJECTS,
    "array": _OF_ARRAYS,
    "string": _OF_TEXTS,
    "number": _OF_NUMBERS,
    "integer": _OF_NUMBERS,
}
"""The keywords that apply to one type only."""

_ANY = ("string", "number", "boolean", "null")
"""The types of a value whose schema names none; no object, because one must name its properties."""


def is_any_object(schema: JSON | None) -> bool:
    """Whether a schema allows any JSON object, which none that Anthropic takes can."""
    if not schema:
        return True
    kind, open_ = schema.get("type"), schema.get("additionalProperties") in (None, True, {})
    return (
        kind == "object" and open_ and not (schema.keys() - _SAYS_NOTHING - {"type", "additionalProperties", "title"})
    )


class AcceptedSchema:
    """A schema that Anthropic takes; `worded` tells whether some of its constraints are only in words."""

    def __init__(self, schema: JSON, description: str | None = None) -> None:
        self.worded = False
        self.schema = self._schema(schema)
        if description:
            said = self.schema.get("description")
            self.schema["description"] = f"{description}\n\n{said}" if said else description

    def _schema(self, given: Any) -> JSON:
        """Write one schema; `true` and the like constrain nothing."""
        rest = _unwrapped({key: value for key, value in given.items() if key not in _SAYS_NOTHING}) if given else {}
        written: JSON = {}
        for name in _DEFINITIONS:
            if isinstance(rest.get(name), dict):
                written[name] = {key: self._schema(_dict(inner)) for key, inner in rest.pop(name).items()}
        if isinstance(rest.get("$ref"), str):
            return self._reference(rest, written)
        self._shape(rest, written)
        return self._described(rest, written)

    def _reference(self, rest: JSON, written: JSON) -> JSON:
        """Write a reference, which stands alone."""
        written["$ref"] = rest.pop("$ref")
        self.worded = self.worded or bool(rest.keys() - _ANNOTATIONS - {"title"})
        return written

    def _shape(self, rest: JSON, written: JSON) -> None:
        """Write what is enforced: literals, else a union, else a type."""
        if literals := _literals(rest):
            written |= literals
            rest.pop("type", None)
            return
        if union := _union(rest):
            variants = [self._schema(variant) for variant in rest.pop(union)]
            rest.pop("type", None)
            if union == "allOf" and len(variants) == 1:
                self._alone(variants[0], rest, written)
            else:
                written[_UNIONS[union]] = variants
            return
        match _type(rest):
            case str(kind):
                written["type"] = kind
                self._typed(kind, rest, written)
            case [*kinds]:
                written["anyOf"] = [self._schema(_variant(kind, rest)) for kind in kinds]
                for name in frozenset().union(*(_OF.get(kind, frozenset()) for kind in kinds)):
                    rest.pop(name, None)

    def _alone(self, only: JSON, rest: JSON, written: JSON) -> None:
        """Write the only part of an `allOf`, its description joined to the outer one."""
        for name in _DEFINITIONS:
            if name in only and name in written:
                only[name] = written[name] | only[name]
        if "$ref" in only:
            self.worded = True
            rest.clear()
        elif said := only.pop("description", ""):
            ours = rest.get("description")
            rest["description"] = f"{ours}\n\n{said}" if isinstance(ours, str) and ours else said
        written |= only

    def _typed(self, kind: str, rest: JSON, written: JSON) -> None:
        match kind:
            case "object":
                self._object(rest, written)
            case "array":
                self._array(rest, written)
            case "string" if isinstance(form := rest.get("format"), str) and form in FORMATS:
                written["format"] = rest.pop("format")
            case _:
                pass

    def _object(self, rest: JSON, written: JSON) -> None:
        """Write an object, closed: Anthropic takes no further properties. A map can then only be empty."""
        names, others = "properties" in rest, rest.pop("additionalProperties", True)
        named = _dict(rest.pop("properties", None))
        written["properties"] = {key: self._schema(_dict(inner)) for key, inner in named.items()}
        if _are_names(rest.get("required")):
            written["required"] = rest.pop("required")
        if others is not False and (not names or others not in (None, True, {})):
            rest["additionalProperties"] = others
        written["additionalProperties"] = False

    def _array(self, rest: JSON, written: JSON) -> None:
        if isinstance(rest.get("items"), dict):
            written["items"] = self._schema(rest.pop("items"))
        least = rest.get("minItems")
        if isinstance(least, int) and not isinstance(least, bool) and least in (0, 1):
            written["minItems"] = rest.pop("minItems")

    def _described(self, rest: JSON, written: JSON) -> JSON:
        """Put what is left into the description."""
        said = rest.pop("description", None)
        if "title" in rest:
            written["title"] = rest.pop("title")
        words = [said] if isinstance(said, str) and said else []
        if rest:
            self.worded = self.worded or bool(rest.keys() - _ANNOTATIONS)
            words.append(json.dumps(rest, ensure_ascii=False))
        return written | ({"description": "\n\n".join(words)} if words else {})


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _dict(value: Any) -> JSON:
    return value if isinstance(value, dict) else {}


def _unwrapped(schema: JSON) -> JSON:
    """A schema whose `allOf` has a single one, which only adds to it, as that one.

    Properties and literals would be lost beside a reference, which stands alone; so it is the reference that is worded.
    """
    while True:
        match schema.get("allOf"):
            case [{"$ref": _}] if schema.get("properties") or _literals(schema.copy()):
                return schema
            case [dict(only)] if not (only.keys() & schema.keys() - {"title", "description", "default"}):
                schema = only | {name: value for name, value in schema.items() if name != "allOf"}
            case _:
                return schema


def _literals(rest: JSON) -> JSON:
    """The values that are given one by one."""
    found: JSON = {}
    values = rest.get("enum")
    if isinstance(values, list) and values and all(_is_plain(value) for value in values):
        found["enum"] = rest.pop("enum")
    if "const" in rest and _is_plain(rest["const"]):
        found["const"] = rest.pop("const")
    return found


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _union(rest: JSON) -> str | None:
    """The keyword that holds several schemas, each of which says of itself what it is."""
    if rest.get("properties"):
        return None
    return next((name for name in _UNIONS if isinstance(rest.get(name), list) and _all_say(rest[name])), None)


def _all_say(variants: list[Any]) -> bool:
    telling = {"type", "$ref", "enum", "const", "properties", "items", *_UNIONS}
    return bool(variants) and all(isinstance(variant, dict) and telling & variant.keys() for variant in variants)


def _type(rest: JSON) -> str | list[str]:
    """The type, or the types that it may be."""
    kind = rest.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    known = [one for one in kinds if isinstance(one, str) and one in _TYPES]
    if kind is None or known == kinds:
        rest.pop("type", None)
    if len(known) == 1:
        return known[0]
    if known:
        return known
    if rest.keys() & _OF_OBJECTS:
        return "object"
    return "array" if rest.keys() & _OF_ARRAYS else list(_ANY)


def _variant(kind: str, rest: JSON) -> JSON:
    return {"type": kind} | {name: value for name, value in rest.items() if name in _OF.get(kind, frozenset())}
