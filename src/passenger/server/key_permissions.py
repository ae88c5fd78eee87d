"""What a team's key may ask for: checked once the dialect and the operation of a request are known."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from passenger.account.principal import Principal
from passenger.dialects import RouteOperation, TokenCount
from passenger.dialects.openai import responses
from passenger.errors import Failure, Kind
from passenger.server.guard import principal_of
from passenger.server.scope import Page

_KEPT = ("create_conversation", "update_conversation", "add_items")
_NAMED = {
    **dict.fromkeys(("chat", "compact", *_KEPT), "chat"),
    **dict.fromkeys(("count", "input_tokens"), "count"),
}


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


def for_chats(pages: Mapping[str, Page]) -> dict[str, Page]:
    """Pages of what chats have left, for keys alone that may have made it: those for chats, by Responses."""
    return {name: _for_chats(page) for name, page in pages.items()}


def _for_chats(page: Page) -> Page:
    async def page_behind(request: Request) -> Response:
        check_permission(principal_of(request.scope), responses.INBOUND.name, "chat")
        return await page(request)

    return page_behind
