"""The items of a request and of an answer as they are stored and listed: raw JSON, each with an id.

https://platform.openai.com/docs/api-reference/responses/input-items
"""

import secrets
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw, Struct

from passenger.dialects.openai.responses.response_object import PREFIXES
from passenger.jsontext.raw_object import RawObject, split_array
from passenger.jsontext.reading import decode_as, invalid

REFERENCE = "item_reference"
"""The type of an item that stands for a stored one."""


class ItemHead(Struct, gc=False):
    """What tells one item from another."""

    type: str | None = None
    role: str | None = None
    id: str | None = None

    @property
    def is_item(self) -> bool:
        """Whether it says what it is."""
        return bool(self.type or self.role or self.id)


_HEAD = msgspec.json.Decoder(ItemHead)


def head_of(item: bytes) -> ItemHead:
    """What an item says of itself.

    Raises:
        Failure: it is no object, or a field has another type.
    """
    return decode_as(_HEAD, item)


def split_input(body: RawObject) -> list[bytes]:
    """The raw items of a request's input; a text is a message of the user.

    Raises:
        Failure: it is missing, or neither a text nor a list.
    """
    raw = body.raw_value("input").lstrip()
    if raw.startswith(b"["):
        return split_array(raw)
    if raw.startswith(b'"'):
        return [b'{"type":"message","role":"user","content":[{"type":"input_text","text":%b}]}' % raw]
    raise invalid("input must be a text or a list of items", "input")


def referred_id(item: bytes) -> str | None:
    """The id of the stored item that an item refers to, None for one that is there itself.

    OpenAI lets a reference go without its type.
    """
    head = head_of(item)
    if head.type == REFERENCE or (head.type is None and head.role is None):
        return head.id or None
    return None


def with_ids(items: Sequence[bytes], history: Sequence[bytes] = ()) -> Iterator[bytes]:
    """The items, each with an id that none before it has, in the history neither: a list is paged through by them.

    One that has none, or another's, gets a random one of 128 bits, with OpenAI's prefix for its type.
    """
    taken: set[str | None] | None = None
    for item in items:
        head = head_of(item)
        if head.id:
            taken = {head_of(one).id for one in history} if taken is None else taken
            if head.id not in taken:
                taken.add(head.id)
                yield item
                continue
        yield _with_new_id(item, head)


def _with_new_id(item: bytes, head: ItemHead) -> bytes:
    kind = head.type or "message"
    prefix = PREFIXES.get(kind.removesuffix("_output"), "item")
    made = f"{prefix}_{secrets.token_hex(16)}".encode()
    rest = item.lstrip()[1:].lstrip()
    if head.id is None and b'"id"' not in rest:
        return b'{"id":"%b"%b%b' % (made, b"" if rest.startswith(b"}") else b",", rest)
    fields = RawObject(item)  # an id that is another's, empty, null, or a word further down
    fields.set_raw("id", b'"%b"' % made)
    return fields.encode()


def listed(item: bytes) -> Raw:
    """An item as it is listed: a message has its type, and its content is a list of parts."""
    head = head_of(item)
    if head.role is None or head.type not in {None, "message"}:
        return Raw(item)
    fields = RawObject(item)
    fields.set("type", "message")
    content = fields.raw_value("content").lstrip()
    if content.startswith(b'"'):
        kind = "output_text" if head.role == "assistant" else "input_text"
        extra = b',"annotations":[]' if head.role == "assistant" else b""
        fields.set_raw("content", b'[{"type":"%b","text":%b%b}]' % (kind.encode(), content, extra))
    if "status" not in fields:
        fields.set("status", "completed")
    return Raw(fields.encode())


def join(items: Sequence[bytes]) -> bytes:
    """The items as a JSON array."""
    return b"[%b]" % b",".join(items)
