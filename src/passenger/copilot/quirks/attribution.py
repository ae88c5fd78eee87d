"""Take Claude Code's line about itself out of a relayed request's `system` (2026-11)."""

import msgspec

from passenger.body import Body
from passenger.dialects.messages.attribution import BEGINNING, NAME

_START = f'"{BEGINNING}'.encode()


class _Block(msgspec.Struct, gc=False):
    text: str = ""


_BLOCKS = msgspec.json.Decoder(list[msgspec.Raw])
_BLOCK = msgspec.json.Decoder(_Block)


def leave_out_attribution(body: Body) -> tuple[str, ...]:
    """Leave out blocks that begin so; the name of what was left out, if anything was."""
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
