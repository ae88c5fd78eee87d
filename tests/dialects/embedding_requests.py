"""How these tests make a request, and what every reader owes whoever sends it one."""

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from passenger.dialects import Request
from passenger.dialects.embeddings import EmbeddingsDialect, EmbeddingsRequest
from passenger.errors import Failure, Kind

MODEL = "text-embedding-3-small"
KEYS = ("model", "input", "dimensions", "encoding_format", "prompt", "options", "truncate", "content", "parts", "text")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=5),
)
"""Any JSON value, with the names that the readers look for more often than chance would have them."""

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def decode(ids: list[int]) -> str:
    """Tokens that are letters: 0 is `a`."""
    if not all(0 <= token < 26 for token in ids):
        raise ValueError("it is no letter")
    return "".join(chr(ord("a") + token) for token in ids)


def asked(dialect: EmbeddingsDialect, body: Any, model: str = MODEL) -> EmbeddingsRequest:
    """What a dialect reads of a body, which may be given as bytes."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return dialect.read(Request(raw, {"model": model}), decode)


def refused(dialect: EmbeddingsDialect, body: Any, model: str = MODEL) -> str | None:
    """The field that a dialect refuses a body for."""
    with pytest.raises(Failure) as caught:
        asked(dialect, body, model)
    assert caught.value.kind is Kind.INVALID
    return caught.value.param


def raws(*vectors: str) -> list[msgspec.Raw]:
    """Vectors in the very digits."""
    return [msgspec.Raw(vector.encode()) for vector in vectors]
