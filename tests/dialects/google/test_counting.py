"""A prompt that is counted and not answered."""

from passenger.dialects.google import counting
from passenger.dialects.google.request_in import read_prompt
from tests.dialects.google.asking import USER, request


def test_a_count_takes_the_contents_or_a_whole_request() -> None:
    alone = counting.read_prompt(request({"contents": [USER]}))
    whole = counting.read_prompt(request({"generate_content_request": {"model": "models/x", "contents": [USER]}}))
    assert alone == whole == read_prompt(request({"contents": [USER]}))
    assert counting.write_count(5) == b'{"totalTokens":5,"promptTokensDetails":[{"modality":"TEXT","tokenCount":5}]}'
