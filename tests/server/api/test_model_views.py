"""Which names stand in the lists of models."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passenger.copilot.catalog import Catalog, models_in
from passenger.server.api.model_views import alias_of, list_entries
from tests.server.bench import Bench, bench

NAMES = ["gpt-4o", "claude-opus-4.6", "claude-opus-4", "claude-sonnet-4-5", "claude-3.5-sonnet", "fast", "nowhere"]


def ids(catalog: Catalog, *, dashed: bool = False) -> list[str]:
    return [model.id for model in list_entries(catalog, dashed=dashed)]


def catalog_of(*names: str, **aliases: str) -> Catalog:
    return Catalog(models_in([{"id": name} for name in names]), aliases)


def test_aliases_stand_behind_the_models_and_are_marked() -> None:
    catalog = catalog_of("gpt-4o", "claude-opus-4.6", fast="gpt-4o", lost="nothing")
    assert ids(catalog) == ["gpt-4o", "claude-opus-4.6", "fast"]
    *own, alias = list_entries(catalog)
    assert (alias.name, alias_of(alias)) == ("fast (alias of gpt-4o)", "gpt-4o")
    assert [alias_of(model) for model in own] == [None, None]


def test_an_alias_that_hides_a_model_stands_in_its_place() -> None:
    catalog = Catalog(models_in([{"id": "a"}, {"id": "b"}]), {"a": "b"})
    assert [(model.id, alias_of(model)) for model in list_entries(catalog)] == [("a", "b"), ("b", None)]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("claude-opus-4.6", ["claude-opus-4.6", "claude-opus-4-6"]),
        ("claude-3.5-sonnet", ["claude-3.5-sonnet", "claude-3-5-sonnet"]),
        ("claude-opus-5", ["claude-opus-5"]),
        ("gpt-4.1", ["gpt-4.1"]),
    ],
)
def test_claudes_names_stand_with_dashes_too_where_that_is_wanted(name: str, names: list[str]) -> None:
    assert ids(catalog_of(name), dashed=True) == names
    assert ids(catalog_of(name)) == [name]


@given(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.dictionaries(st.sampled_from([*NAMES, "mine"]), st.sampled_from(NAMES)),
    st.booleans(),
)
def test_each_name_stands_there_once_and_means_what_its_entry_says(
    names: list[str], aliases: dict[str, str], dashed: bool
) -> None:
    catalog = Catalog(models_in([{"id": name, "version": name} for name in names]), aliases)
    found = list_entries(catalog, dashed=dashed)
    assert len({model.id for model in found}) == len(found)
    for model in found:
        meant = catalog.find(model.id)
        assert meant is not None
        assert meant.version == model.version


ANTHROPIC = {"anthropic-version": "2023-06-01"}


@pytest.mark.parametrize(
    ("path", "headers", "place", "mark"),
    [
        ("/v1/models", {}, ("data", "id"), lambda entry: entry["alias_of"]),
        ("/v1/models", ANTHROPIC, ("data", "id"), lambda entry: entry["display_name"]),
        ("/v1beta/models", {}, ("models", "name"), lambda entry: entry["baseModelId"]),
        ("/api/tags", {}, ("models", "name"), lambda entry: entry["details"]["parent_model"]),
    ],
)
async def test_every_list_has_the_users_names(
    aliased: Bench, path: str, headers: dict[str, str], place: tuple[str, str], mark: Any
) -> None:
    models, name = place
    entries = {entry[name]: entry for entry in (await aliased.get(path, headers)).json()[models]}
    entry = entries.get("models/fast") or entries["fast"]
    assert "claude-sonnet-4.5" in mark(entry)
    assert ("claude-sonnet-4-5" in entries) is (headers == ANTHROPIC)
    assert not any("text-embedding" in one for one in entries) or headers != ANTHROPIC


@pytest.fixture
async def aliased(tmp_path: Path) -> Any:
    async with bench(tmp_path, config='[models.aliases]\nfast = "claude-sonnet-4.5"\n') as own:
        yield own
