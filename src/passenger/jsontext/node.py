"""One object of a request's JSON, with its path, so that a Failure names the field at fault."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from passenger.errors import Failure
from passenger.jsontext.reading import JSON, decode, expect, invalid, number


@dataclass(frozen=True, slots=True)
class JsonNode:
    """The fields of one object. Each reader takes null for absent, and raises a Failure for a value of another type."""

    fields: JSON
    path: str = ""

    def at(self, name: str) -> str:
        """The path of one field from the outermost object on, as in `input[0].content`."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Any:
        """A field's value, whatever it is."""
        return self.fields.get(name)

    @property
    def type(self) -> str:
        """Its `type`, empty where it has none."""
        return self.text("type") or ""

    def text(self, name: str) -> str | None:
        """A string."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def required_text(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None:
            raise self.missing(name)
        return value

    def filled_text(self, name: str) -> str:
        """A string that must be there and not be empty."""
        value = self.text(name)
        if not value:
            raise self.missing(name)
        return value

    def boolean(self, name: str) -> bool | None:
        """A boolean."""
        value = self.fields.get(name)
        return None if value is None else expect(value, bool, self.at(name))

    def integer(self, name: str) -> int | None:
        """An integer; a boolean is none."""
        value = self.fields.get(name)
        return None if value is None else expect(value, int, self.at(name))

    def whole_number(self, name: str) -> int | None:
        """An integer, which may be written as `40.0`, as in the JSON of protocol buffers."""
        value = self.fields.get(name)
        return int(value) if isinstance(value, float) and value.is_integer() else self.integer(name)

    def number(self, name: str) -> float | None:
        """A number, whole or not."""
        return number(self.fields, name, self.at(name))

    def node(self, name: str) -> "JsonNode | None":
        """An object."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return None if value is None else JsonNode(value, self.at(name))

    def required_node(self, name: str) -> "JsonNode":
        """An object that must be there."""
        node = self.node(name)
        if node is None:
            raise self.missing(name)
        return node

    def node_or_empty(self, name: str) -> "JsonNode":
        """An object, an empty one where it is absent."""
        return self.node(name) or JsonNode({}, self.at(name))

    def array(self, name: str) -> list[Any]:
        """A list, empty where there is none."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, list):
            raise self.wrong(name, "an array")
        return value or []

    def nodes(self, name: str) -> list["JsonNode"]:
        """A list of objects, empty where there is none."""
        items = self.array(name)
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                raise self.wrong(f"{name}[{index}]", "an object")
        return [JsonNode(item, f"{self.at(name)}[{index}]") for index, item in enumerate(items)]

    def texts(self, name: str) -> list[str]:
        """A list of strings, empty where there is none."""
        items = self.array(name)
        if not all(isinstance(item, str) for item in items):
            raise self.wrong(name, "an array of strings")
        return items

    def unknown(self, known: Collection[str]) -> Iterator[str]:
        """The paths of the fields that hold something and are none of the known ones."""
        return (self.at(name) for name, value in self.fields.items() if name not in known and value is not None)

    def wrong(self, name: str, wanted: str) -> Failure:
        """The failure of a field that is not what it must be."""
        return invalid(f"{self.at(name)} must be {wanted}", self.at(name))

    def missing(self, name: str) -> Failure:
        """The failure of a field that must be there."""
        return invalid(f"{self.at(name)} is missing", self.at(name))


def as_node(value: object, path: str) -> JsonNode:
    """The object that a value must be."""
    return JsonNode(expect(value, dict, path), path)


def read_node(body: bytes) -> JsonNode:
    """The object that a request's body is. Fails as `decode` does."""
    return JsonNode(decode(body))
