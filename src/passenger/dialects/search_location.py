"""Reads where a person who searches is, in the fields that OpenAI and Anthropic share."""

from passenger.chat.web_search import SearchLocation
from passenger.jsontext.node import JsonNode


def read_location(place: JsonNode | None) -> SearchLocation | None:
    """The place, None where none is told. Fails where a field is no text."""
    if place is None:
        return None
    found = SearchLocation(*(place.text(name) or None for name in ("city", "region", "country", "timezone")))
    return None if found == SearchLocation() else found
