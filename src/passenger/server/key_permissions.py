"""What a team's key may ask for: checked once the dialect and the operation of a request are known."""

from passenger.account.principal import Principal
from passenger.dialects import RouteOperation, TokenCount
from passenger.errors import Failure, Kind

_NAMED = {"chat": "chat", "compact": "chat", "count": "count", "input_tokens": "count"}


def operation_of(route: RouteOperation) -> str:
    """What a key must be allowed to ask for: `chat`, `embeddings` or `count`; empty where any key may."""
    if isinstance(route, str):
        return _NAMED.get(route, "")
    return "count" if isinstance(route, TokenCount) else "embeddings"


def check_permission(principal: Principal, dialect: str, operation: str) -> None:
    """See that a key may be used so.

    Raises:
        Failure: it may not.
    """
    if principal.role == "admin":
        message = f"{principal.shown} is a key for administration, and asks no model"
        raise Failure(Kind.FORBIDDEN, message, code="admin_key")
    scope = principal.scope
    if scope is None:
        return
    if not scope.allows_dialect(dialect):
        message = f"the key {principal.shown} may not speak the API '{dialect}'"
        raise Failure(Kind.FORBIDDEN, message, code="dialect_not_allowed")
    if operation and not scope.allows_operation(operation):
        message = f"the key {principal.shown} may not be used for {operation}"
        raise Failure(Kind.FORBIDDEN, message, code="operation_not_allowed")
