"""What a team's key may ask for."""

import pytest

from passenger.account.key_scope import KeyScope
from passenger.account.principal import ANYONE, Principal
from passenger.dialects import RouteOperation
from passenger.dialects.registry import INBOUND
from passenger.errors import Failure
from passenger.server.api.operations import NAMED
from passenger.server.key_permissions import check_permission, operation_of


def test_every_operation_asks_for_one_of_three_or_for_nothing_of_a_model() -> None:
    found: dict[str, set[str]] = {}
    for inbound in INBOUND:
        routes = inbound.routes
        for route in (*routes.posts.values(), *routes.actions.values(), *routes.templates.values()):
            found.setdefault(operation_of(route), set()).add(_name(route))
    assert set(found) == {"chat", "embeddings", "count", ""}
    assert found["chat"] == {"chat", "compact", "create_conversation", "update_conversation", "add_items"}
    assert found[""] == {"show", "pull"} <= set(NAMED)


def _name(route: RouteOperation) -> str:
    return route if isinstance(route, str) else type(route).__name__


def test_nobody_without_a_team_is_asked() -> None:
    check_permission(ANYONE, "messages", "chat")


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (Principal("ann", role="admin"), "admin_key"),
        (Principal("ann", scope=KeyScope(dialects=frozenset({"responses"}))), "dialect_not_allowed"),
        (Principal("ann", scope=KeyScope(operations=frozenset({"count"}))), "operation_not_allowed"),
    ],
)
def test_what_is_not_allowed_is_refused(principal: Principal, code: str) -> None:
    with pytest.raises(Failure) as refused:
        check_permission(principal, "messages", "chat")
    assert (refused.value.status, refused.value.code) == (403, code)
