"""The ids that a client sees: pure functions of the answer's id and an item's place, so that no table is needed."""

import hashlib

from passenger.chat import Stamp

PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "compaction": "cmp",
    "web_search_call": "ws",
    "file_search_call": "fs",
    "image_generation_call": "ig",
    "code_interpreter_call": "ci",
    "computer_call": "cu",
    "local_shell_call": "lsh",
    "shell_call": "sh",
    "apply_patch_call": "apc",
    "tool_search_call": "tsc",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
}
"""What the id of each type of item begins with. OpenAI refuses an id that begins otherwise."""


def response_id(stamp: Stamp) -> str:
    """The id of an answer."""
    return f"resp_{stamp.id}"


def item_id(response: str, index: int, kind: str) -> str:
    """The id of the item of that type at that place of the output."""
    digest = hashlib.sha256(f"{response}/{index}".encode()).hexdigest()
    return f"{PREFIXES.get(kind, 'item')}_{digest[:32]}"
