"""Which names stand in a list of models: the models' own, the user's, and where it helps Claude's with dashes.

Claude Code before 2.1.197 misread `claude-opus-4.6` and took `claude-opus-4-6` (seen 2026-11); both mean the same model
to us, so clients of Anthropic's API find both.
"""

from collections.abc import Iterator
from dataclasses import replace

from passenger.copilot.models import Catalog, Model, with_dashes

ALIAS_OF = "alias_of"
"""The field of an entry that names the model that an alias stands for, in lists that take fields of anybody's."""


def listed(catalog: Catalog, *, dashed: bool = False) -> list[Model]:
    """The models in Copilot's own order, then the user's names for them; dashed names beside the dotted ones."""
    own = [named for model in catalog.models.values() for named in _named(catalog, model, dashed=dashed)]
    known = {model.id for model in own}
    more = (_alias(catalog, name) for name in catalog.aliases if name not in known)
    return [*own, *filter(None, more)]


def _named(catalog: Catalog, model: Model, *, dashed: bool) -> Iterator[Model]:
    """A model by each of its names; an alias of the same name stands in its place, for that is what is asked for."""
    by_name = _alias(catalog, model.id) if model.id in catalog.aliases else model
    if by_name is not None:
        yield by_name
    name = with_dashes(model.id)
    if dashed and model.id.startswith("claude") and name != model.id and catalog.find(name) is model:
        yield replace(model, id=name)


def _alias(catalog: Catalog, name: str) -> Model | None:
    """The model that a name of the user's stands for, under that name and marked; None where it stands for none."""
    model = catalog.find(name)
    if model is None or model.id == name:
        return model
    raw = {**model.raw, "name": f"{name} (alias of {model.id})", ALIAS_OF: model.id}
    return replace(model, id=name, raw=raw)


def alias_of(model: Model) -> str | None:
    """The model that an entry of a list stands for, None where it stands for itself."""
    meant = model.raw.get(ALIAS_OF)
    return meant if isinstance(meant, str) else None
