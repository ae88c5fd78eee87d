"""Each operation that a dialect names is served, and none besides; `dialects/test_toy.py` proves the declared ones."""

from passenger.dialects.registry import INBOUND
from passenger.server.api.operations import NAMED


def test_every_name_has_a_handler_and_every_handler_a_name() -> None:
    all_routes = [inbound.routes for inbound in INBOUND]
    behind = [
        one
        for routes in all_routes
        for one in (*routes.posts.values(), *routes.actions.values(), *routes.templates.values())
    ]
    assert {one for one in behind if isinstance(one, str)} == {"chat", *NAMED}
