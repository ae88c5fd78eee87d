"""The models that a team's key may be used for."""

from functools import lru_cache

from passenger.account.key_scope import KeyScope
from passenger.copilot.catalog import LONGEST, Catalog
from passenger.errors import Failure, Kind


def check_model(scope: KeyScope, model: str) -> None:
    """See that a key may ask a model, by its own id or by a name that nobody has resolved.

    Raises:
        Failure: it may not; clients take it as they take an unknown model.
    """
    if not scope.allows_model(model):
        message = f"This API key may not be used for the model {model[:LONGEST]!r}."
        raise Failure(Kind.NOT_FOUND, message, code="model_not_found", param="model", type="invalid_request_error")


@lru_cache(32)
def allowed_models(catalog: Catalog, scope: KeyScope) -> Catalog:
    """The models of a catalogue that a key may ask, with the aliases of those."""
    models = {model.id: model for model in catalog.models.values() if scope.allows_model(model.id)}
    aliases = {
        alias: name for alias, name in catalog.aliases.items() if (found := catalog.find(name)) and found.id in models
    }
    return Catalog(models.values(), aliases)
