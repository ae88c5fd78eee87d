"""A JSON object of a request together with its place in it, so that whatever is wrong is said by the field's name."""

from dataclasses import dataclass
from typing import Any

from passenger.chat import JSON
from passenger.decoding import invalid


@dataclass(frozen=True, slots=True)
class Node:
    """The fields of one object. Each reader takes null for absent, and raises a Failure for another type."""

    fields: JSON
    path: str = ""

    def at(self, name: str) -> str:
        """The name of one field, from the outermost object on."""
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

    def word(self, name: str) -> str:
        """A string that must be there, and not be empty."""
        value = self.text(name)
        if not value:
            raise invalid(f"{self.at(name)} is missing", self.at(name))
        return value

    def words(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if value is None:
            raise invalid(f"{self.at(name)} is missing", self.at(name))
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "a boolean")
        return value

    def whole(self, name: str) -> int | None:
        """An integer."""
        value = self.fields.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self.wrong(name, "an integer")
        return value

    def number(self, name: str) -> float | None:
        """A number."""
        value = self.fields.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.wrong(name, "a number")
        return value

    def node(self, name: str) -> "Node | None":
        """An object."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return None if value is None else Node(value, self.at(name))

    def nodes(self, name: str) -> list["Node"]:
        """A list of objects, empty where there is none."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "an array")
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                place = f"{self.at(name)}[{index}]"
                raise invalid(f"{place} must be an object", place)
        return [Node(item, f"{self.at(name)}[{index}]") for index, item in enumerate(value)]

    def wrong(self, name: str, wanted: str) -> Exception:
        """The failure of a field that is of another type."""
        return invalid(f"{self.at(name)} must be {wanted}", self.at(name))
