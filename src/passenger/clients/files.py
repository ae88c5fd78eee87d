"""The texts that go into files of our own, and what is read from the user's."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from passenger.edits.concealing import YOURS

_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def json_text(value: object) -> str:
    """A value as the text of a file."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def read_settings(path: Path) -> Mapping[str, Any] | None:
    """The object in a JSON file that may have comments; empty without a file, None if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(_STRING_OR_COMMENT.sub(lambda match: match[1] or " ", text) or "{}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def merge_settings(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two settings objects as one: objects are merged, anything else is taken from above."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            merged[key] = merge_settings(below[key], above[key])
    return merged


def conceal_texts(value: object) -> object:
    """Replace every text in the user's own settings, since any may be a key."""
    match value:
        case dict():
            return {name: conceal_texts(one) for name, one in value.items()}
        case list():
            return [conceal_texts(one) for one in value]
        case str():
            return YOURS
        case _:
            return value
