"""Lists as OpenAI's API pages through them: `after`, `limit`, `order`.

https://platform.openai.com/docs/api-reference/responses/input-items
"""

from collections.abc import Mapping, Sequence

import msgspec

from passenger.dialects.openai.responses.stored_items import listed
from passenger.errors import Failure, Kind
from passenger.jsontext.reading import invalid
from passenger.state.item_ids import read_id

DEFAULT, MOST = 20, 100
"""Items of a page."""


def list_items(items: Sequence[bytes], query: Mapping[str, str]) -> bytes:
    """The page of a list of items that a query asks for, the newest first unless it says otherwise.

    Raises:
        Failure: a parameter is wrong, or there is no item of that id.
    """
    order = query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise invalid("order must be asc or desc", "order")
    ordered = list(items) if order == "asc" else list(reversed(items))
    start = _start(ordered, query.get("after"))
    limit = _limit(query.get("limit"))
    page = ordered[start : start + limit]
    return write_list(page, has_more=start + limit < len(ordered))


def write_list(page: Sequence[bytes], *, has_more: bool = False) -> bytes:
    """A list object of items."""
    shown = {
        "object": "list",
        "data": [listed(item) for item in page],
        "first_id": read_id(page[0]) if page else None,
        "last_id": read_id(page[-1]) if page else None,
        "has_more": has_more,
    }
    return msgspec.json.encode(shown)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST):
        raise invalid(f"limit must be a whole number from 1 to {MOST}", "limit")
    return int(text)


def _start(items: Sequence[bytes], after: str | None) -> int:
    if after is None:
        return 0
    for index, item in enumerate(items):
        if read_id(item) == after:
            return index + 1
    raise Failure(Kind.NOT_FOUND, f"Item with id '{after}' not found.", param="after", type="invalid_request_error")
