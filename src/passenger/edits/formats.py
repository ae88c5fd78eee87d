"""The editor of each format."""

from collections.abc import Mapping

from passenger.edits.block import BlockEditor
from passenger.edits.dotenv import DotenvEditor
from passenger.edits.edit import Editor, Format
from passenger.edits.jsonc import JsonEditor
from passenger.edits.toml import TomlEditor
from passenger.edits.whole import WholeEditor
from passenger.edits.yaml import YamlEditor, YamlListEditor

EDITORS: Mapping[Format, Editor] = {
    "json": JsonEditor(comments=False, trailing=False),
    "json-comments": JsonEditor(comments=True, trailing=False),
    "jsonc": JsonEditor(),
    "toml": TomlEditor(),
    "yaml": YamlEditor(),
    "yaml-list": YamlListEditor(),
    "dotenv": DotenvEditor(),
    "block": BlockEditor(),
    "whole": WholeEditor(),
}
"""By the name that an edit gives."""
