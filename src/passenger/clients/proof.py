"""One small request in a client's own dialect, which proves the way to a model before a person waits for it."""

import json
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote

from passenger.clients.plan import Dialect
from passenger.control.cards import ModelCard
from passenger.dialects.side_requests import PROOF

OUTPUT = 16
"""Tokens that the answer may have; OpenAI's models take no fewer."""

TEXT = "Answer with one word: ready."
AGENT = "passenger-launch/"
"""How our User-Agent begins: with it and the system's text Copilot is told that nobody has typed this."""


class Poster(Protocol):
    """What can post JSON to the server."""

    def post(self, path: str, body: object, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Its status and its body."""


class UnprovenError(Exception):
    """The model did not answer; the message is the server's own, `status` the one that it gave."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def request(dialect: Dialect, model: str) -> tuple[str, Mapping[str, object]]:
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


def prove(server: Poster, dialect: Dialect, model: str, key: str, version: str) -> None:
    """Ask the model.

    Raises:
        UnprovenError: it did not answer.
        ServerError: the server did not.
    """
    path, body = request(dialect, model)
    headers = {"authorization": f"Bearer {key}", "user-agent": f"{AGENT}{version}"}
    if dialect == "messages":
        headers["anthropic-version"] = "2023-06-01"
    status, answer = server.post(path, body, headers)
    if status != 200:
        raise UnprovenError(_said(answer), status)


def _said(answer: bytes) -> str:
    try:
        error = json.loads(answer)["error"]
        return str(error if isinstance(error, str) else error["message"])
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode("utf-8", "replace") or "an empty answer"


def model_to_prove(model: ModelCard, cards: Sequence[ModelCard], dialect: Dialect) -> ModelCard:
    """The model that is asked: on plans that count requests instead of tokens, one that the plan includes."""
    if model.prices is not None or not model.multiplier:
        return model
    included = [card for card in cards if card.is_chat and not card.is_hidden and card.multiplier == 0]
    speaking = [card for card in included if dialect in card.dialects]
    return next(iter(speaking or included), model)
