"""A JSON object whose top level can be edited while every untouched value keeps its bytes."""

from typing import Any

import msgspec

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Body:
    """The bytes of a request and the edits made to them; an unedited body is never re-serialised."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._fields: dict[str, msgspec.Raw] | None = None
        self._edited = False

    def get(self, name: str) -> Any:
        """The decoded value of one top-level field, None where it is absent."""
        raw = self._opened().get(name)
        return None if raw is None else msgspec.json.decode(raw)

    def set(self, name: str, value: object) -> None:
        """Replace one top-level field, or add it at the end."""
        self._opened()[name] = msgspec.Raw(msgspec.json.encode(value))
        self._edited = True

    def drop(self, name: str) -> None:
        """Remove one top-level field where it is there."""
        if self._opened().pop(name, None) is not None:
            self._edited = True

    def rename(self, name: str, new: str) -> None:
        """Move a value to another name; the other name's own value wins where both are there."""
        fields = self._opened()
        if name in fields:
            fields.setdefault(new, fields[name])
            del fields[name]
            self._edited = True

    def encode(self) -> bytes:
        """The bytes to send."""
        return msgspec.json.encode(self._fields) if self._edited else self._raw

    def _opened(self) -> dict[str, msgspec.Raw]:
        if self._fields is None:
            self._fields = _FIELDS.decode(self._raw)
        return self._fields
