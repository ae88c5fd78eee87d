"""Anthropic's tools that the client runs, judged by the types of Anthropic's SDK."""

import json
from pathlib import Path
from typing import Any, get_args

import anthropic
import pytest
from anthropic.types.beta import beta_memory_tool_20250818_command as commands

from passenger.chat.capabilities import Capabilities
from passenger.dialects import Request
from passenger.dialects.anthropic.client_tools import CLIENT_TOOLS, find_client_tool
from passenger.dialects.anthropic.request_in import read_prompt
from passenger.dialects.registry import OUTBOUND

TYPES = Path(str(anthropic.__file__)).parent / "types"
FAMILIES = ("bash_", "text_editor_", "memory_")


def published() -> set[str]:
    """The types of these tools that the SDK has."""
    stems = {path.stem.removeprefix("beta_").removeprefix("tool_") for path in TYPES.glob("**/*tool_*_param.py")}
    kinds = {stem.removesuffix("_param").replace("memory_tool_", "memory_") for stem in stems}
    return {kind for kind in kinds if kind.startswith(FAMILIES) and kind[-8:].isdecimal()}


def test_every_published_type_is_known() -> None:
    assert set(CLIENT_TOOLS) == published()


def test_the_memory_tool_has_every_field_of_its_commands() -> None:
    _, schema = CLIENT_TOOLS["memory_20250818"]
    fields: set[str] = set()
    names: set[str] = set()
    for command in get_args(get_args(commands.BetaMemoryTool20250818Command)[0]):
        fields |= set(command.model_fields)
        names.add(command.model_fields["command"].annotation.__args__[0])
    assert set(schema["properties"]) == fields
    assert set(schema["properties"]["command"]["enum"]) == names


def test_one_of_a_later_date_is_the_last_that_is_known_of_its_family() -> None:
    assert find_client_tool("bash_20991231") == CLIENT_TOOLS["bash_20250124"]
    assert find_client_tool("text_editor_20991231") == CLIENT_TOOLS["text_editor_20250728"]
    assert find_client_tool("computer_20250124") is None


@pytest.mark.parametrize("kind", sorted(CLIENT_TOOLS))
@pytest.mark.parametrize("outbound", OUTBOUND, ids=lambda one: one.name)
def test_each_goes_to_every_api_as_a_function(outbound: Any, kind: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "go"}], "tools": [{"type": kind, "name": "it"}]}
    written = outbound.write_prompt(read_prompt(Request(json.dumps(body).encode())), Capabilities("openai"))
    (tool,) = written.body["tools"]
    assert tool.get("function", tool)["name"] == "it"
    assert written.dropped == ()
