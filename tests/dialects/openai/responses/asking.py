"""Requests of clients, and what is said against them."""

import json

import pytest

from passenger.chat.fallbacks import without_search
from passenger.chat.prompt import Prompt
from passenger.dialects import Request
from passenger.dialects.openai import responses
from passenger.errors import Failure, Kind


def request(**fields: object) -> Request:
    return Request(json.dumps({"model": "gpt-5.5", "input": "hi", **fields}).encode())


def prompt(**fields: object) -> Prompt:
    return responses.INBOUND.read_prompt(request(**fields))


def unsearched(**fields: object) -> Prompt:
    """The prompt where nobody searches the web."""
    return without_search(prompt(**fields))


def refusal(**fields: object) -> Failure:
    with pytest.raises(Failure) as caught:
        unsearched(**fields)
    assert caught.value.kind is Kind.INVALID
    return caught.value
