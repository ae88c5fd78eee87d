"""A document read as far as it is of a known shape: a field of another type is passed over, and hides no other."""

from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct


def salvaged(value: Any, shape: Any) -> Any:
    """The value as that type; None where it is of another, a struct with what is of its fields' types.

    An entry of a list that is none of its kind becomes an empty one, so that the others keep their places.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return _salvaged(value, shape)


def _salvaged(value: Any, shape: Any) -> Any:
    for option in _options(shape):
        if get_origin(option) is list and isinstance(value, list):
            (entry,) = get_args(option)
            return [found if (found := salvaged(one, entry)) is not None else entry() for one in value]
        if isinstance(option, type) and issubclass(option, Struct) and isinstance(value, dict):
            found = {f.name: salvaged(value[f.encode_name], f.type) for f in _fields(option) if f.encode_name in value}
            return option(**{name: inner for name, inner in found.items() if inner is not None})
    return None


def _options(shape: Any) -> tuple[Any, ...]:
    return get_args(shape) if isinstance(shape, UnionType) else (shape,)


@cache
def _fields(struct: type[Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(struct)
