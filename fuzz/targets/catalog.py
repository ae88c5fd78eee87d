"""A list of models: it is read or refused, and whatever it says of a model can be asked for and shown."""

import json

import msgspec

from passenger.copilot.catalog import Catalog, read_models
from passenger.errors import Failure


def one(data: bytes) -> None:
    """Read a list."""
    try:
        models = read_models(data)
    except Failure as failure:
        assert failure.status == 502
        return
    catalog = Catalog(models)
    for model in models:
        json.loads(msgspec.json.encode(model.as_openai()))
        assert isinstance(model.name + model.family + model.owner, str)
        assert isinstance(model.limits, dict)
        assert isinstance(model.supports, dict)
        assert catalog.find(model.id) is not None
    assert catalog.unknown("no such model").status == 404
