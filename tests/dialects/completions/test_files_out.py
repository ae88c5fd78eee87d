import base64

import pytest

from passenger.chat import Document
from passenger.dialects.completions.files_out import document
from passenger.errors import Failure

DATA = base64.b64encode("é\n".encode()).decode()


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown; charset=utf-8", "TEXT/csv", "application/json"])
def test_a_text_goes_up_as_text_with_its_name(media_type: str) -> None:
    assert document(Document(media_type, DATA, "a.txt")) == {"type": "text", "text": "a.txt:\n\né\n"}
    assert document(Document(media_type, DATA)) == {"type": "text", "text": "é\n"}


def test_a_breakpoint_stays_where_it_was() -> None:
    assert document(Document("text/plain", DATA, cache=True))["copilot_cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize(
    ("media_type", "data", "words"),
    [
        ("application/pdf", "JVBERg==", "takes no documents (application/pdf)"),
        ("text/plain", "A", "not valid base64"),
        ("text/plain", "é", "not valid base64"),
    ],
)
def test_other_documents_are_refused(media_type: str, data: str, words: str) -> None:
    with pytest.raises(Failure) as caught:
        document(Document(media_type, data))
    assert caught.value.param == "document"
    assert words in caught.value.message
