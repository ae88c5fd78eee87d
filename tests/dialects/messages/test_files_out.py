import base64

import pytest

from passenger.chat import Document, Image
from passenger.dialects.messages.files_out import document, image
from passenger.errors import Failure


@pytest.mark.parametrize(("detail", "lost"), [(None, []), ("auto", []), ("low", ["detail"])])
def test_a_picture_goes_up_as_base64(detail: str | None, lost: list[str]) -> None:
    dropped: list[str] = []
    source = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    assert image(Image("image/png", "AA==", detail), dropped) == {"type": "image", "source": source}
    assert dropped == lost


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown; charset=utf-8", "application/json"])
def test_a_text_goes_up_as_text(media_type: str) -> None:
    data = base64.b64encode("é".encode()).decode()
    written = document(Document(media_type, data, "a.txt"))
    source = {"type": "text", "media_type": "text/plain", "data": "é"}
    assert written == {"type": "document", "source": source, "title": "a.txt"}


def test_a_pdf_goes_up_as_it_is() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    assert document(Document("application/PDF", "JVBERg==")) == {"type": "document", "source": source}


@pytest.mark.parametrize(
    ("media_type", "data"), [("application/zip", "AA=="), ("text/plain", "A"), ("text/plain", "é")]
)
def test_other_documents_are_refused(media_type: str, data: str) -> None:
    with pytest.raises(Failure) as caught:
        document(Document(media_type, data))
    assert caught.value.param == "messages"
