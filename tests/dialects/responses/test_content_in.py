from typing import Any

import pytest

from passenger.chat import Document, Image, Part, Text
from tests.dialects.responses.asking import prompt, refusal


def part(**fields: object) -> Part:
    [message] = prompt(input=[{"role": "user", "content": [fields]}]).messages
    [found] = message.parts
    return found


def wrong(**fields: object) -> str:
    param = refusal(input=[{"role": "user", "content": [fields]}]).param or ""
    return param.removeprefix("input[0].content[0].")


@pytest.mark.parametrize("kind", ["input_text", "output_text", "text"])
def test_words_have_any_of_three_types(kind: str) -> None:
    assert part(type=kind, text="hi") == Text("hi")


@pytest.mark.parametrize(
    ("url", "media_type", "data"),
    [
        ("data:image/png;base64,AA==", "image/png", "AA=="),
        ("DATA:image/JPEG;name=x;BASE64,AA==", "image/jpeg", "AA=="),
        ("data:text/plain,a%20b", "text/plain", "YSBi"),
        ("data:;base64,AA==", "application/octet-stream", "AA=="),
    ],
)
def test_a_data_url_is_taken_apart(url: str, media_type: str, data: str) -> None:
    assert part(type="input_image", image_url=url) == Image(media_type, data)


def test_an_image_keeps_its_detail() -> None:
    assert part(type="input_image", image_url="data:image/png;base64,AA==", detail="low") == Image(
        "image/png", "AA==", "low"
    )


@pytest.mark.parametrize("url", ["https://simulated.example/a.png", "file:///a.png"])
def test_an_image_from_elsewhere_is_refused(url: str) -> None:
    assert wrong(type="input_image", image_url=url) == "image_url"


def test_a_file_is_a_document() -> None:
    url = "data:application/pdf;base64,AA=="
    assert part(type="input_file", filename="a.pdf", file_data=url) == Document("application/pdf", "AA==", "a.pdf")
    assert part(type="input_file", file_data="AA==") == Document("application/pdf", "AA==")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"type": "input_image", "file_id": "file_1"}, "file_id"),
        ({"type": "input_image"}, "image_url"),
        ({"type": "input_image", "image_url": "data:image/png"}, "image_url"),
        ({"type": "input_image", "image_url": {"url": "data:"}}, "image_url"),
        ({"type": "input_image", "image_url": "data:,", "detail": 1}, "detail"),
        ({"type": "input_file", "file_id": "file_1"}, "file_id"),
        ({"type": "input_file", "file_url": "https://simulated.example/a.pdf"}, "file_url"),
        ({"type": "input_file", "filename": "a.pdf"}, "file_data"),
        ({"type": "input_file", "filename": 1, "file_data": "AA=="}, "filename"),
    ],
)
def test_what_cannot_be_carried_is_named(fields: dict[str, Any], param: str) -> None:
    assert wrong(**fields) == param
