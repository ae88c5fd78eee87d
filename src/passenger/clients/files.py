"""The texts that go into files of our own, and what is read from the user's."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from passenger.edits.concealing import YOURS

_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def as_json(value: object) -> str:
    """A value as the text of a file."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def read_settings(path: Path) -> Mapping[str, Any] | None:
    """The object in a JSON file that may have comments; empty where there is no file, None where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    return _read_object(text)


def _read_object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(_STRING_OR_COMMENT.sub(lambda match: match[1] or " ", text) or "{}")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two settings objects as one: objects are merged, anything else is taken from above."""
    both = {key: merged(below[key], value) for key, value in above.items() if _are_objects(below.get(key), value)}
    return {**below, **above, **both}


def concealed(value: object) -> object:
    """The user's own settings as they may be shown: any text of his may be a key."""
    match value:
        case dict():
            return {name: concealed(one) for name, one in value.items()}
        case list():
            return [concealed(one) for one in value]
        case str():
            return YOURS
        case _:
            return value


def _are_objects(one: object, other: object) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)
