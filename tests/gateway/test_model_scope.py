"""The models that a team's key may be used for."""

import pytest

from passenger.account.key_scope import KeyScope
from passenger.copilot.catalog import Catalog, Model
from passenger.errors import Failure
from passenger.gateway.model_scope import allowed_models, check_model


def model(name: str) -> Model:
    return Model(name, "vendor", name, ("/chat/completions",), {})


def test_a_list_has_what_a_key_may_use() -> None:
    catalog = Catalog([model("gpt-4o"), model("claude-opus-5")], {"best": "claude-opus-5", "fast": "gpt-4o"})
    found = allowed_models(catalog, KeyScope(models=("gpt-*",)))
    assert list(found.models) == ["gpt-4o"]
    assert found.aliases == {"fast": "gpt-4o"}
    assert found.find("best") is None


def test_another_model_is_unknown() -> None:
    scope = KeyScope(models=("gpt-*",))
    check_model(scope, "gpt-4o")
    with pytest.raises(Failure) as refused:
        check_model(scope, "claude-opus-5")
    assert (refused.value.status, refused.value.code) == (404, "model_not_found")
