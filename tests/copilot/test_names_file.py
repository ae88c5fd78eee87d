"""The names of models are kept for completion, and written only when they change."""

import logging
from pathlib import Path

import pytest

from passenger.copilot.catalog import models_in
from passenger.copilot.catalog_cache import Fetched
from passenger.copilot.known_names import FILE, known_names
from passenger.copilot.names_file import NamesFile
from passenger.private_file import PrivateFile


def listing(*names: str) -> Fetched:
    kinds = {name: "embeddings" if "embedding" in name else "chat" for name in names}
    return Fetched(models_in([{"id": name, "capabilities": {"type": kind}} for name, kind in kinds.items()]), 3.0)


async def keep(directory: Path, fetched: Fetched, *aliases: str) -> Fetched:
    async def fetch(_believed: float) -> Fetched:
        return fetched

    return await NamesFile(PrivateFile(directory / FILE), aliases).keep_names_of(fetch)(60.0)


async def test_aliases_come_first_and_embeddings_are_left_out(tmp_path: Path) -> None:
    fetched = listing("gpt-5.5", "text-embedding-3-small", "gpt-4o")
    assert await keep(tmp_path, fetched, "fast", "gpt-4o") is fetched
    assert known_names(tmp_path) == ["fast", "gpt-4o", "gpt-5.5"]
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


async def test_an_unchanged_list_is_not_written_again(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / FILE)
    await keep(tmp_path, listing("gpt-5.5"))
    before = file.stamp()
    await keep(tmp_path, listing("gpt-5.5"))
    assert file.stamp() == before
    await keep(tmp_path, listing("gpt-5.5", "gpt-6"))
    assert known_names(tmp_path) == ["gpt-5.5", "gpt-6"]


async def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    await keep(tmp_path, listing("gpt-5.5"))
    assert known_names(tmp_path) == ["gpt-5.5"]


async def test_a_file_that_cannot_be_written_hinders_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file")
    with caplog.at_level(logging.DEBUG):
        fetched = await keep(tmp_path / "state", listing("gpt-5.5"))
    assert [model.id for model in fetched.models] == ["gpt-5.5"]
    assert "not kept for completion" in caplog.text
