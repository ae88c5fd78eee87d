"""The documentation is short, plain and complete: an index, two halves, sentences that can be read aloud."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INDEX = ROOT / "docs" / "README.md"
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
FORMULAS = re.compile(r"\b(?:says|said|lets? be|of ours)\b", re.IGNORECASE)

MOST_WORDS = 12_000
"""Words of the half that people use it by, code left out."""
MOST_LINES = 120
"""Lines of the README."""
LONGEST = 30
"""Words of a sentence."""


def half(title: str) -> set[Path]:
    """The pages that the index lists under a heading."""
    text = INDEX.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return {(INDEX.parent / target.partition("#")[0]).resolve() for _, target in LINK.findall(text)}


def used() -> list[Path]:
    """The pages of the half that people use it by, those of the clients among them; the changelog is a list."""
    pages = half("Use it") | set((ROOT / "docs" / "clients").glob("*.md"))
    return sorted(pages - {ROOT / "CHANGELOG.md", ROOT / "docs" / "clients.md"})


def prose(path: Path) -> str:
    """The text of a page without code, and with the words of a link alone."""
    return LINK.sub(r"\1", FENCE.sub("", path.read_text(encoding="utf-8")))


def sentences(path: Path) -> Iterator[str]:
    """Each sentence, heading, and cell of a table; what is set as code is one word."""
    for paragraph in re.split(r"\n\s*\n|\n(?=[|#*-]|\d+\. )", prose(path)):
        for part in paragraph.strip().strip("|").split("|") if paragraph.lstrip().startswith("|") else [paragraph]:
            text = re.sub(r"`[^`]*`", "code", " ".join(part.split()))
            yield from re.split(r"(?<=[.!?])\s+", text)


def test_every_page_is_in_the_index_or_linked_from_a_page_that_is() -> None:
    listed = half("Use it") | half("Build it")
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in listed
        if page.suffix == ".md"
        for _, target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target
    }
    missing = {
        path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md") if path not in listed | linked | {INDEX}
    }
    assert missing == set()


def test_no_page_is_in_both_halves() -> None:
    assert half("Use it") & half("Build it") == set()


def test_the_half_to_use_it_by_is_short() -> None:
    words = {path.relative_to(ROOT): len(prose(path).split()) for path in used() if path.name != "README.md"}
    assert sum(words.values()) <= MOST_WORDS, words


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", used(), ids=lambda path: str(path.relative_to(ROOT)))
def test_sentences_are_short_and_plain(path: Path) -> None:
    assert [sentence for sentence in sentences(path) if len(sentence.split()) > LONGEST] == []
    assert FORMULAS.findall(prose(path)) == []


def test_the_words_of_the_glossary_are_linked_from_the_pages_that_use_them() -> None:
    linking = {path.name for path in used() if "glossary.md" in path.read_text(encoding="utf-8")}
    assert {"README.md", "deploy.md", "models.md"} <= linking
