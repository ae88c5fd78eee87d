"""A file that is ours as a whole."""

from dataclasses import dataclass

from passenger.edits.edit import Frame, Keys, Spot


@dataclass(frozen=True, slots=True)
class WholeEditor:
    """The text is the value; an empty one is none."""

    def find(self, text: str, keys: Keys) -> Spot | None:
        """All of it."""
        return Spot(0, len(text), text, 0, len(text)) if text else None

    def comparable(self, value: object) -> object:
        """As it is."""
        return value

    def replace(self, text: str, spot: Spot, value: object) -> str:
        """The other text."""
        return str(value)

    def insert(self, text: str, keys: Keys, value: object) -> tuple[str, Frame]:
        """The text."""
        return str(value), Frame()

    def remove(self, text: str, spot: Spot, frame: Frame) -> str:
        """Nothing remains."""
        return ""
