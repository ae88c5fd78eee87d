"""The tools that Anthropic defines and the client runs, as functions for models that do not know them.

Claude knows them by their types. The schemas are those of the tools' pages and of Anthropic's SDKs:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/bash-tool, `text-editor-tool` and `memory-tool` beside it.
"""

from typing import NamedTuple

from passenger.chat.prompt import JSON


class ClientTool(NamedTuple):
    """A tool of Anthropic's: what it is for, and the schema of its input."""

    description: str
    schema: JSON


def _text(description: str) -> JSON:
    return {"type": "string", "description": description}


def _line(description: str) -> JSON:
    return {"type": "integer", "description": description}


_RANGE: JSON = {
    "type": "array",
    "items": {"type": "integer"},
    "description": "For `view` of a file: the first and the last line; -1 is the end of the file.",
}
_OLD = _text("For `str_replace`: the text to replace, which must stand in the file exactly once.")


def _object(properties: JSON, required: list[str]) -> JSON:
    return {"type": "object", "properties": properties, "required": required}


def _commands(*names: str) -> JSON:
    return {"type": "string", "enum": [*names], "description": "What to do."}


_BASH = ClientTool(
    "Runs a command in a bash session that lasts: what one command has set is there for the next.",
    _object(
        {
            "command": _text("The bash command to run. Required unless `restart` is set."),
            "restart": {"type": "boolean", "description": "Set to true to start the session anew."},
        },
        [],
    ),
)


def _editor(*commands: str, inserted: str) -> ClientTool:
    """An editor with these commands; what `insert` puts in is in the field `inserted`."""
    new = "For `str_replace`: the text to put there."
    fields: JSON = {
        "command": _commands(*commands),
        "path": _text("The path of a file or a directory."),
        "view_range": _RANGE,
        "file_text": _text("For `create`: the text of the new file."),
        "old_str": _OLD,
        "new_str": _text(new),
        "insert_line": _line("For `insert`: the line after which to put the text; 0 is before the first."),
    }
    if inserted == "new_str":
        fields["new_str"] = _text(f"{new} For `insert`: the text to put in.")
    else:
        fields[inserted] = _text("For `insert`: the text to put in.")
    return ClientTool("Looks at text files, makes and changes them.", _object(fields, ["command", "path"]))


_WITH_UNDO = _editor("view", "create", "str_replace", "insert", "undo_edit", inserted="new_str")

_MEMORY = ClientTool(
    "Keeps files below `/memories` for later conversations: looks at them, makes, changes, renames and deletes them. "
    "Look at `/memories` before anything else.",
    _object(
        {
            "command": _commands("view", "create", "str_replace", "insert", "delete", "rename"),
            "path": _text("The path of a file or a directory below `/memories`; all commands but `rename` need it."),
            "view_range": _RANGE,
            "file_text": _text("For `create`: the text of the new file."),
            "old_str": _OLD,
            "new_str": _text("For `str_replace`: the text to put there."),
            "insert_line": _line("For `insert`: the line at which to put the text."),
            "insert_text": _text("For `insert`: the text to put in."),
            "old_path": _text("For `rename`: the path until now."),
            "new_path": _text("For `rename`: the new path."),
        },
        ["command"],
    ),
)

CLIENT_TOOLS: dict[str, ClientTool] = {
    "bash_20241022": _BASH,
    "bash_20250124": _BASH,
    "text_editor_20241022": _WITH_UNDO,
    "text_editor_20250124": _WITH_UNDO,
    "text_editor_20250429": _editor("view", "create", "str_replace", "insert", inserted="insert_text"),
    "text_editor_20250728": _editor("view", "create", "str_replace", "insert", inserted="insert_text"),
    "memory_20250818": _MEMORY,
}
"""The tools by their types."""

_FAMILIES = ("bash_", "text_editor_", "memory_")


def find_client_tool(kind: str) -> ClientTool | None:
    """The tool of a type; one with a later date is the last of its family that is known."""
    family = next((name for name in _FAMILIES if kind.startswith(name)), None)
    if family is None or kind in CLIENT_TOOLS:
        return CLIENT_TOOLS.get(kind)
    return CLIENT_TOOLS[max(name for name in CLIENT_TOOLS if name.startswith(family))]
