"""The most tokens that a request wants of an answer, by the names that the dialects have for it."""

import msgspec

from passenger.jsontext.raw_object import Fields

_NAMES = ("max_completion_tokens", "max_tokens", "max_output_tokens")

_NESTED = (
    ("generationConfig", ("maxOutputTokens", "max_output_tokens")),
    ("generation_config", ("maxOutputTokens", "max_output_tokens")),
    ("options", ("num_predict",)),
)


def read_output_limit(fields: Fields | None) -> int | None:
    """The limit, None where there is none or it is no positive whole number: that is refused elsewhere."""
    if fields is None:
        return None
    for name in _NAMES:
        if (limit := _whole(_value(fields, name))) is not None:
            return limit
    for outer, names in _NESTED:
        table = _value(fields, outer)
        if isinstance(table, dict):
            for name in names:
                if (limit := _whole(table.get(name))) is not None:
                    return limit
    return None


def _value(fields: Fields, name: str) -> object:
    raw = fields.get(name)
    try:
        return None if raw is None else msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError):
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
