"""What can safely be said of a foreign answer: a header's value, and the words of a body that is not JSON."""

import re

from passenger.errors import LONGEST

LONGEST_READ = LONGEST + 1
"""Characters of a message that are read; a failure says that it was longer."""

LONGEST_VALUE = 2000
"""Characters of an upstream header that is passed down."""

is_harmless = re.compile(rf"(?=.{{1,{LONGEST_VALUE}}}\Z)[!-~](?:[ -~]*[!-~])?").fullmatch
"""Whether a header's value is printable ASCII, surely one line, and no longer than any should be."""


def harmless(value: str | None) -> str | None:
    """A header's value if it `is_harmless`."""
    return value if value and is_harmless(value) else None


HEAD_OF_A_PAGE = 4096
"""Bytes of a web page that are searched for its title."""


def body_text(body: bytes) -> str:
    """The words of a body that is not JSON: its text, or the title of a web page."""
    text = body.strip()[:HEAD_OF_A_PAGE].decode("utf-8", "replace")
    if text.startswith("<"):
        title = _title(text)
        return f"a web page titled {title!r}" if title else "a web page"
    return text[:1000]


def _title(page: str) -> str:
    """The title of a web page, empty where there is none."""
    lowered = page.lower()
    begin = page.find(">", max(0, lowered.find("<title"))) + 1
    end = lowered.find("</title", begin)
    return page[begin:end].strip() if "<title" in lowered and 0 < begin < end else ""
