from typing import Any

import pytest

from passenger.chat import Image
from passenger.dialects.ollama.images_in import read_images
from passenger.errors import Failure
from tests.dialects.ollama.asking import GIF, JPEG, PNG, WEBP

TYPES = [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")]


@pytest.mark.parametrize(("data", "media_type"), TYPES)
def test_a_pictures_type_is_known_by_how_it_begins(data: str, media_type: str) -> None:
    assert read_images({"images": [data]}) == (Image(media_type, data),)


def test_the_bytes_count_and_not_what_a_data_url_says() -> None:
    for url in (f"data:image/png;base64,{JPEG}", f"DATA:;base64,{JPEG}", f"data:image/jpeg;name=a;BASE64,{JPEG}"):
        assert read_images({"images": [url]}) == (Image("image/jpeg", JPEG),)


def test_line_breaks_within_base64_are_taken_out() -> None:
    assert read_images({"images": [f"{PNG[:20]}\r\n{PNG[20:]}\n"]}) == (Image("image/png", PNG),)


@pytest.mark.parametrize("body", [{}, {"images": None}, {"images": []}])
def test_no_pictures_are_normal(body: dict[str, Any]) -> None:
    assert read_images(body) == ()


@pytest.mark.parametrize("bad", ["", "https://example.com/a.png", "JVBERi0xLjQ=", "not base64!", "iVBORw0KGg", 1, None])
def test_anything_else_is_refused_by_its_place(bad: object) -> None:
    with pytest.raises(Failure) as caught:
        read_images({"images": [PNG, bad]}, "messages[2].")
    assert caught.value.param == "messages[2].images[1]"


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(Failure) as caught:
        read_images({"images": PNG})
    assert caught.value.param == "images"
