"""Tools and how they must be used, as Google's clients say it.

Facts: Google's API reference ("Tool", "FunctionDeclaration", "ToolConfig").
"""

from collections.abc import Iterator

from passenger.chat import Tool, ToolChoice
from passenger.decoding import JSON, expect, invalid, optional, required, texts
from passenger.dialects.gemini.schemas_in import json_schema

_MODES = {
    "MODE_UNSPECIFIED": "auto",
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}


def read_tools(body: JSON) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """The functions, and the names of Google's own tools, which nobody but Google can run.

    Raises:
        Failure: a function has no name, or there is nothing but tools of Google's.
    """
    entries = [expect(entry, dict, f"tools[{at}]") for at, entry in enumerate(optional(body, "tools", list) or ())]
    found = tuple(tool for at, entry in enumerate(entries) for tool in _declared(entry, f"tools[{at}]"))
    hosted = dict.fromkeys(name for entry in entries for name in entry if name != "functionDeclarations")
    if hosted and not found:
        name = next(iter(hosted))
        raise invalid(f"tools.{name} is run by Google and cannot be carried to Copilot", "tools")
    return found, tuple(f"tools.{name}" for name in hosted)


def _declared(entry: JSON, place: str) -> Iterator[Tool]:
    for at, declared in enumerate(optional(entry, "functionDeclarations", list, f"{place}.") or ()):
        inner = f"{place}.functionDeclarations[{at}]"
        yield _tool(expect(declared, dict, inner), f"{inner}.")


def _tool(declared: JSON, place: str) -> Tool:
    name = required(declared, "name", str, place)
    if not name:
        raise invalid(f"{place}name must not be empty", f"{place}name")
    schema = optional(declared, "parametersJsonSchema", dict, place) or optional(declared, "parameters", dict, place)
    read = json_schema(schema) if schema else {}
    read = {"type": "object", "properties": {}} if not read else {"type": "object", **read}
    return Tool(name, optional(declared, "description", str, place), read)


def read_choice(body: JSON) -> tuple[ToolChoice | None, tuple[str, ...]]:
    """Whether tools must be called, and the names of what else was configured.

    Raises:
        Failure: the mode is none of Google's.
    """
    config = optional(body, "toolConfig", dict) or {}
    place = "toolConfig.functionCallingConfig."
    calling = optional(config, "functionCallingConfig", dict, "toolConfig.") or {}
    dropped = tuple(f"toolConfig.{name}" for name, value in config.items() if value and name != place.split(".")[1])
    mode = optional(calling, "mode", str, place)
    names = texts(optional(calling, "allowedFunctionNames", list, place) or (), f"{place}allowedFunctionNames")
    if mode is None and not names:
        return None, dropped
    match _MODES.get((mode or "AUTO").upper()):
        case "auto":
            return ToolChoice("auto", names), dropped
        case "required":
            return ToolChoice("required", names), dropped
        case "none":
            return ToolChoice("none"), dropped
        case _:
            raise invalid(f"{place}mode {mode!r} is none of AUTO, ANY, NONE and VALIDATED", f"{place}mode")
