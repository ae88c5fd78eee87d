"""Tools and how they must be used, as Google's clients say it.

Facts: Google's API reference ("Tool", "FunctionDeclaration", "ToolConfig").
"""

from passenger.chat import Tool, ToolChoice
from passenger.decoding import JSON, invalid, optional, required, texts
from passenger.dialects.gemini.repeated import objects
from passenger.dialects.gemini.schemas_in import json_schema

_MODES = {
    "MODE_UNSPECIFIED": "auto",
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}


_DECLARED = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_CALLING = "functionCallingConfig"
_CHOICE = frozenset({"mode", "allowedFunctionNames"})


def read_tools(body: JSON) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """The functions, and the names of what cannot be carried: Google's own tools, which nobody else can run, and more.

    Raises:
        Failure: a function has no name, or there is nothing but tools of Google's.
    """
    entries = objects(body, "tools")
    declared = [one for place, entry in entries for one in objects(entry, "functionDeclarations", f"{place}.")]
    found = tuple(_tool(function, f"{place}.") for place, function in declared)
    named = [name for _, entry in entries for name, value in entry.items() if value is not None]
    hosted = dict.fromkeys(name for name in named if name != "functionDeclarations")
    if hosted and not found:
        name = next(iter(hosted))
        raise invalid(f"tools.{name} is run by Google and cannot be carried to Copilot", "tools")
    beside = (name for _, function in declared for name, value in function.items() if name not in _DECLARED and value)
    more = (f"functionDeclarations.{name}" for name in beside)
    return found, tuple(dict.fromkeys(f"tools.{name}" for name in (*hosted, *more)))


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
    place = f"toolConfig.{_CALLING}."
    calling = optional(config, _CALLING, dict, "toolConfig.") or {}
    beside = (f"toolConfig.{name}" for name, value in config.items() if value and name != _CALLING)
    within = (f"{place}{name}" for name, value in calling.items() if value and name not in _CHOICE)
    dropped = (*beside, *within)
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
