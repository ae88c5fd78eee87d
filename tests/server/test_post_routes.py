"""The routes of `POST`, by path, action and template."""

from typing import Any

import pytest

from passenger.server.post_routes import PostRoutes

ROUTES = PostRoutes({"/v1/x": 1}, {"countTokens": 2}, {"/v1/x/{name}/cancel": 3, "/v1/x/{name}": 4})


@pytest.mark.parametrize(
    ("path", "found", "params"),
    [
        ("/v1/x", 1, None),
        ("/v1beta/models/gemini:countTokens", 2, {"model": "gemini", "action": "countTokens"}),
        ("/v1beta/models/gemini:other", None, {"model": "gemini", "action": "other"}),
        ("/v1/x/a/cancel", 3, {"name": "a"}),
        ("/v1/x/a", 4, {"name": "a"}),
        ("/v1/x/a/other", None, None),
        ("/v1/x/", None, None),
        ("/v1/x/a/b/cancel", None, None),
    ],
)
def test_a_path_is_found_with_its_parameters(path: str, found: int | None, params: dict[str, str] | None) -> None:
    scope: dict[str, Any] = {"path": path}
    assert ROUTES.find(scope) == found
    assert scope.get("path_params") == params
    assert ROUTES.at(path) == (1 if path == "/v1/x" else None)


def test_it_names_every_path() -> None:
    assert list(ROUTES.paths) == ["/v1/x", "/v1/x/{name}/cancel", "/v1/x/{name}"]
