import pytest

from passenger.chat.web_search import SearchLocation
from passenger.dialects.search_location import read_location
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode


def test_a_place_is_read_as_far_as_it_is_told() -> None:
    assert read_location(None) is None
    assert read_location(JsonNode({"type": "approximate", "city": "", "region": None})) is None
    place = {"city": "Berlin", "region": "B", "country": "DE", "timezone": "Europe/Berlin", "type": "approximate"}
    assert read_location(JsonNode(place)) == SearchLocation("Berlin", "B", "DE", "Europe/Berlin")


def test_a_field_of_another_type_is_refused() -> None:
    with pytest.raises(Failure, match="city"):
        read_location(JsonNode({"city": 1}))
