"""One small request in a client's own dialect, which proves the way to a model before a person waits for it."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from passenger.clients.plan import DialectName
from passenger.copilot.model_cards import ModelCard
from passenger.dialects.side_requests import PROOF
from passenger.private_file import PrivateFile, StoreError

OUTPUT = 16
"""Tokens that the answer may have; OpenAI's models take no fewer."""

TEXT = "Answer with one word: ready."
AGENT = "passenger-launch/"
"""The beginning of our User-Agent. With it and the system prompt, Copilot is told that an agent asks."""


class UnprovenError(Exception):
    """The model did not answer; the message is the server's own, `status` the one that it gave."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def request(dialect: DialectName, model: str) -> tuple[str, Mapping[str, object]]:
    """The path and the body of the request."""
    said = [{"role": "user", "content": TEXT}]
    told = [{"role": "system", "content": PROOF}, *said]
    match dialect:
        case "messages":
            return "/v1/messages", {"model": model, "max_tokens": OUTPUT, "system": PROOF, "messages": said}
        case "responses":
            body = {"model": model, "max_output_tokens": OUTPUT, "instructions": PROOF, "input": said, "store": False}
            return "/v1/responses", body
        case "completions":
            return "/v1/chat/completions", {"model": model, "max_tokens": OUTPUT, "messages": told}
        case "ollama":
            body = {"model": model, "stream": False, "options": {"num_predict": OUTPUT}, "messages": told}
            return "/api/chat", body
        case "gemini":
            body = {
                "systemInstruction": {"parts": [{"text": PROOF}]},
                "contents": [{"role": "user", "parts": [{"text": TEXT}]}],
                "generationConfig": {"maxOutputTokens": OUTPUT},
            }
            return f"/v1beta/models/{quote(model, safe='')}:generateContent", body


def prove(
    post: Callable[[str, object, Mapping[str, str]], tuple[int, bytes]],
    dialect: DialectName,
    model: str,
    key: str,
    version: str,
) -> None:
    """Ask the model; `post` takes a path, what is JSON and headers, and gives a status and a body.

    Raises:
        UnprovenError: it did not answer.
        ServerError: the server did not.
    """
    path, body = request(dialect, model)
    headers = {"authorization": f"Bearer {key}", "user-agent": f"{AGENT}{version}"}
    if dialect == "messages":
        headers["anthropic-version"] = "2023-06-01"
    status, answer = post(path, body, headers)
    if status != 200:
        raise UnprovenError(_read_error(answer), status)


def _read_error(answer: bytes) -> str:
    try:
        error = json.loads(answer)["error"]
        return str(error if isinstance(error, str) else error["message"])
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode("utf-8", "replace") or "an empty answer"


def model_to_prove(model: ModelCard, cards: Sequence[ModelCard], dialect: DialectName) -> ModelCard:
    """The model that is asked: on plans that count requests instead of tokens, one that the plan includes."""
    if model.prices is not None or not model.multiplier:
        return model
    included = [card for card in cards if card.is_chat and not card.is_hidden and card.multiplier == 0]
    speaking = [card for card in included if dialect in card.dialects]
    return next(iter(speaking or included), model)


DAY = 86_400.0
"""Seconds that a proof is good for."""


@dataclass(frozen=True)
class ProofCache:
    """The proofs of the last day in a file; what cannot be read or written is none."""

    path: Path

    def holds(self, client: str, model: str, server: str | None, now: float) -> bool:
        """Whether that model has answered that client's dialect at that server within a day."""
        return server is not None and _name(client, model, server) in self._read(now)

    def note(self, client: str, model: str, server: str | None, now: float) -> None:
        """Remember that it has. Of what two launches note at the same moment one may be lost."""
        if server is None:
            return
        with suppress(StoreError):
            PrivateFile(self.path).write({**self._read(now), _name(client, model, server): now})

    def _read(self, now: float) -> dict[str, float]:
        with suppress(StoreError):
            found = PrivateFile(self.path).read() or {}
            return {name: at for name, at in found.items() if isinstance(at, int | float) and 0 <= now - at < DAY}
        return {}


def _name(client: str, model: str, server: str) -> str:
    return f"{client} {model} {server}"
