"""Kinds of random documents, and what is put into them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from passenger.edits.edit import Edit, Format, KeyPath
from tests.edits import documents


@dataclass(frozen=True)
class Kind:
    """Documents of one kind, and what is put into them."""

    format: Format
    make: Callable[[random.Random], str]
    values: Sequence[tuple[KeyPath, object]]
    changed: tuple[KeyPath, object]
    """What somebody else puts there afterwards."""

    def edits(self) -> list[Edit]:
        return [Edit(file=Path("f"), format=self.format, keys=keys, value=value) for keys, value in self.values]

    def other(self) -> Edit:
        return Edit(file=Path("f"), format=self.format, keys=self.changed[0], value=self.changed[1])


OBJECT: Sequence[tuple[KeyPath, object]] = (
    (("env", "ANTHROPIC_BASE_URL"), "http://127.0.0.1:8081"),
    (("env", "a"), ""),
    (("model",), "claude-opus-4.6"),
    (("provider", "passenger"), {"name": "Passenger", "models": {"m": {"limit": 1}}, "none": {}}),
    (("customModels", ("displayName", "Opus (Passenger)")), {"displayName": "Opus (Passenger)", "n": [1, "ü"]}),
)
ARRAY: Sequence[tuple[KeyPath, object]] = (((("name", "Passenger"),), {"name": "Passenger", "models": []}),)
ENTRIES = [{"name": "Opus", "roles": ["chat"]}, {"name": "a: b #", "key": None}]

KINDS: Mapping[str, Kind] = {
    "json": Kind(
        "json", lambda draw: documents.json_text(draw, comments=False, trailing=False), OBJECT, (("theirs",), 1)
    ),
    "json-comments": Kind(
        "json-comments", lambda draw: documents.json_text(draw, comments=True, trailing=False), OBJECT, (("theirs",), 1)
    ),
    "jsonc": Kind(
        "jsonc", lambda draw: documents.json_text(draw, comments=True, trailing=True), OBJECT, (("theirs",), 1)
    ),
    "jsonc array": Kind(
        "jsonc",
        lambda draw: documents.json_text(draw, comments=True, trailing=True, top="["),
        ARRAY,
        ((("name", "theirs"),), {"name": "theirs"}),
    ),
    "toml": Kind(
        "toml",
        documents.toml_text,
        (
            (("model",), "gpt-5.5"),
            (("model_provider",), "passenger"),
            (
                ("model_providers", "passenger"),
                {"name": "Passenger", "base_url": "http://127.0.0.1:8081/v1", "on": False},
            ),
        ),
        (("theirs",), 1),
    ),
    "yaml": Kind(
        "yaml", documents.yaml_text, ((("model",), "openai/m"), (("openai-api-base",), "u:1")), (("theirs",), "x")
    ),
    "yaml list": Kind(
        "yaml-list", lambda draw: documents.yaml_list_text(draw, "models"), ((("models",), ENTRIES),), (("models",), [])
    ),
    "yaml root list": Kind("yaml-list", lambda draw: documents.yaml_list_text(draw, None), (((), ENTRIES),), ((), [])),
    "dotenv": Kind(
        "dotenv",
        documents.dotenv_text,
        ((("GOOGLE_GEMINI_BASE_URL",), "http://127.0.0.1:8081"), (("GEMINI_API_KEY",), "it's # a key")),
        (("THEIRS",), "1"),
    ),
    "lines": Kind("block", documents.lines_text, (((), "provider add passenger\nmodel add x"),), ((), "other")),
}
