import time

import pytest

from passenger.chat import Document, Image, Refusal, Text
from passenger.dialects.completions.content_in import Content, content_of, is_cached
from passenger.errors import Failure, Kind

PNG = "data:image/png;base64,iVBORw=="
CACHE = {"copilot_cache_control": {"type": "ephemeral"}}


def read(*parts: object) -> tuple[Content, ...]:
    return tuple(content_of(list(parts), "messages[0].content"))


def refused(*parts: object) -> Failure:
    with pytest.raises(Failure) as caught:
        read(*parts)
    assert caught.value.kind is Kind.INVALID
    return caught.value


@pytest.mark.parametrize(
    ("content", "parts"),
    [(None, ()), ("", ()), ([], ()), ("a", (Text("a"),)), ([{"type": "text", "text": "a"}], (Text("a"),))],
)
def test_a_content_is_a_text_or_parts_or_nothing(content: object, parts: tuple[Content, ...]) -> None:
    assert tuple(content_of(content, "c")) == parts


@pytest.mark.parametrize("kind", ["text", "input_text", "output_text"])
def test_texts_are_read_under_each_name_and_empty_ones_vanish(kind: str) -> None:
    assert read({"type": kind, "text": "a"}, {"type": kind, "text": ""}, {"type": kind, "text": "b"}) == (
        Text("a"),
        Text("b"),
    )


def test_a_refusal_is_one() -> None:
    assert read({"type": "refusal", "refusal": "no"}) == (Refusal("no"),)


@pytest.mark.parametrize("name", ["copilot_cache_control", "cache_control"])
def test_a_breakpoint_is_read_under_both_names(name: str) -> None:
    assert read({"type": "text", "text": "a", name: {"type": "ephemeral"}}) == (Text("a", cache=True),)
    assert not is_cached({name: None})
    assert not is_cached({})


# --- pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "image"),
    [
        ({"type": "image_url", "image_url": {"url": PNG}}, Image("image/png", "iVBORw==")),
        ({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}, Image("image/png", "iVBORw==", "low")),
        ({"type": "image_url", "image_url": PNG, "detail": "high"}, Image("image/png", "iVBORw==", "high")),
        ({"type": "input_image", "image_url": PNG}, Image("image/png", "iVBORw==")),
        ({"type": "image_url", "image_url": {"url": PNG}, **CACHE}, Image("image/png", "iVBORw==", cache=True)),
        (
            {"type": "image_url", "image_url": {"url": "DATA:Image/JPEG;name=a.jpg;charset=x;BASE64,\nAA=="}},
            Image("image/jpeg", "\nAA=="),
        ),
    ],
)
def test_a_picture_is_a_data_url(part: object, image: Image) -> None:
    assert read(part) == (image,)


@pytest.mark.parametrize(
    "url", ["https://example.com/cat.png", "data:image/svg+xml,%3Csvg/%3E", "data:;base64,AA==", "AA==", ""]
)
def test_any_other_picture_is_refused_because_nothing_is_fetched(url: str) -> None:
    failure = refused({"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": url}})
    assert failure.param == "messages[0].content[1].image_url.url"
    assert "only data URLs with base64 can be carried, nothing is fetched" in failure.message


def test_a_long_url_is_judged_at_once() -> None:
    began = time.process_time()
    refused({"type": "image_url", "image_url": {"url": "data:image/png" + ";a=b" * 100_000}})
    assert time.process_time() - began < 1


# --- files -------------------------------------------------------------------------------------------------------

PDF = "data:application/pdf;base64,JVBERi0="


@pytest.mark.parametrize(
    ("part", "document"),
    [
        ({"file": {"file_data": PDF}}, Document("application/pdf", "JVBERi0=")),
        ({"file": {"file_data": PDF, "filename": "a.pdf"}}, Document("application/pdf", "JVBERi0=", "a.pdf")),
        ({"file": {"file_data": PDF, "file_id": None}, **CACHE}, Document("application/pdf", "JVBERi0=", cache=True)),
    ],
)
def test_a_file_is_a_document(part: dict[str, object], document: Document) -> None:
    assert read({"type": "file", **part}) == (document,)


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ({"file_id": "file-1", "file_data": PDF}, "file.file_id"),
        ({"file_data": "https://example.com/a.pdf"}, "file.file_data"),
        ({"file_data": "JVBERi0="}, "file.file_data"),
        ({}, "file.file_data"),
        ({"file_data": PDF, "filename": 5}, "file.filename"),
        (5, "file"),
    ],
)
def test_a_file_that_is_not_there_is_refused(file: object, field: str) -> None:
    assert refused({"type": "file", "file": file}).param == f"messages[0].content[0].{field}"


# --- what else may come ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "input_audio", "input_audio": {"data": "AA=="}}, ".type"),
        ({"type": "video_url"}, ".type"),
        ({"text": "a"}, ".type"),
        ({"type": ["text"]}, ".type"),
        ({"type": "text"}, ".text"),
        ({"type": "text", "text": 5}, ".text"),
        ({"type": "refusal"}, ".refusal"),
        ({"type": "image_url"}, ".image_url"),
        ({"type": "image_url", "image_url": {}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": PNG, "detail": 5}}, ".image_url.detail"),
        ({"type": "file"}, ".file"),
        ("a", ""),
        (None, ""),
    ],
)
def test_a_part_that_cannot_be_carried_is_refused_by_its_place(part: object, field: str) -> None:
    assert refused(part).param == f"messages[0].content[0]{field}"


@pytest.mark.parametrize("content", [5, {}, True])
def test_a_content_of_another_type_is_refused(content: object) -> None:
    with pytest.raises(Failure) as caught:
        tuple(content_of(content, "messages[0].content"))
    assert caught.value.param == "messages[0].content"
