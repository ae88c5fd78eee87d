"""Leaves out Claude Code's line about itself, the first block of `system`, as Anthropic's servers do.

`x-anthropic-billing-header: cc_version=2.1.330.363; cc_entrypoint=cli;` is no instruction to a model. Some versions add
a new number to each request, so that the prompt is never found in a cache (seen 2026-11).
"""

import msgspec
from msgspec.structs import replace

from passenger.chat.prompt import Message, Part, Prompt, Text
from passenger.jsontext.raw_object import RawObject

NAME = "x-anthropic-billing-header"
"""The name under which it is reported as left out."""

BEGINNING = f"{NAME}:"


def without_attribution(prompt: Prompt) -> Prompt:
    """The prompt without the line; the very same where there is none."""
    match prompt.messages:
        case (Message("system", parts), *rest) if any(map(_is_attribution, parts)):
            kept = tuple(part for part in parts if not _is_attribution(part))
            first = (Message("system", kept),) if kept else ()
            return replace(prompt, messages=(*first, *rest), dropped=(*prompt.dropped, NAME))
        case _:
            return prompt


def _is_attribution(part: Part) -> bool:
    return isinstance(part, Text) and part.text.startswith(BEGINNING)


# --- a request that is relayed ---------------------------------------------------------------------------------------

_START = f'"{BEGINNING}'.encode()


class _Block(msgspec.Struct, gc=False):
    text: str = ""


_BLOCKS = msgspec.json.Decoder(list[msgspec.Raw])
_BLOCK = msgspec.json.Decoder(_Block)


def leave_out_attribution(body: RawObject) -> tuple[str, ...]:
    """Leave the line out of a relayed request's `system`; return its name where it was there."""
    system = body.raw_value("system")
    if not system.startswith(b"[") or _START not in system:
        return ()
    try:
        blocks = _BLOCKS.decode(system)
        kept = [block for block in blocks if not _BLOCK.decode(block).text.startswith(BEGINNING)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
    if len(kept) == len(blocks):
        return ()
    if kept:
        body.set_raw("system", msgspec.json.encode(kept))
    else:
        body.drop("system")
    return (NAME,)
