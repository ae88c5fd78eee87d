"""A string that does not show itself: in logs, tracebacks and `repr` it is three stars."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A token or key. Only `reveal` gives its text, so that every use can be found by its name."""

    _text: str

    def reveal(self) -> str:
        """The text itself, for the one place that sends or stores it."""
        return self._text

    def fingerprint(self) -> str:
        """16 hex digits that tell two secrets apart without giving either away."""
        return hashlib.sha256(self._text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__
