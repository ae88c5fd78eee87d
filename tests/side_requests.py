"""Side requests as real clients sent them, cut to what tells them from others (tests/data/side_requests)."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

DATA = Path(__file__).parent / "data" / "side_requests"


@dataclass(frozen=True)
class Recorded:
    """A request and the client that sent it; `dialect` is the one it is in."""

    name: str
    dialect: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """What is in a file, whose name ends with the dialect."""
        kept = json.loads(path.read_text())
        name, _, dialect = path.stem.rpartition("-")
        return cls(name, dialect, kept["path"], kept["headers"], kept["body"])

    def by(self, client: str) -> Self:
        """The same from another client."""
        return replace(self, headers={**self.headers, "user-agent": client})

    def asking(self, model: str) -> Self:
        """The same of another model."""
        if self.dialect == "gemini":
            _, _, action = self.path.rpartition(":")
            return replace(self, path=f"/v1beta/models/{model}:{action}")
        return replace(self, body={**self.body, "model": model})

    def typed(self) -> Self:
        """The same client, with all that it told the model said by a person instead."""
        body = {name: value for name, value in self.body.items() if name not in {"system", "instructions"}}
        body.pop("systemInstruction", None)
        text = "\n".join(_told(self.body)) + json.dumps(self.headers)
        match self.dialect:
            case "gemini":
                body["contents"] = [{"role": "user", "parts": [{"text": text}]}]
            case "responses":
                body["input"] = [{"role": "user", "content": text}]
            case _:
                body["messages"] = [{"role": "user", "content": text}]
        headers = {name: value for name, value in self.headers.items() if not name.startswith("x-codex-")}
        return replace(self, body=body, headers=headers)


def _told(body: dict[str, Any]) -> list[str]:
    """Every text of a body, whoever said it."""
    match body:
        case dict():
            return [text for value in body.values() for text in _told(value)]
        case list():
            return [text for value in body for text in _told(value)]
        case str():
            return [body]
        case _:
            return []


RECORDED = [Recorded.read(path) for path in sorted(DATA.glob("*.json"))]
