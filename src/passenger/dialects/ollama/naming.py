"""The model that a request names; it hides Ollama's tags and the old name of the field."""

from passenger.decoding import JSON, invalid, optional

TAG = ":latest"
"""What Ollama takes for no tag at all; every other tag is part of the name."""


def asked(body: JSON) -> str:
    """The model in the client's own words, which the answer says again; `name` is the field's old name.

    Raises:
        Failure: there is none.
    """
    return _checked(optional(body, "model", str), optional(body, "name", str))


def wanted(model: str | None, name: str | None = None) -> str:
    """The model that is meant; fails as `asked` does."""
    return _checked(model, name).removesuffix(TAG)


def _checked(model: str | None, name: str | None) -> str:
    said = model or name or ""
    if said in {"", TAG}:
        raise invalid("model is required", "model")
    return said
