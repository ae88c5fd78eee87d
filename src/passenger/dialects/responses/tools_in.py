"""The tools of a request and the choice among them, in neutral form; it hides which of them OpenAI runs by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from passenger.chat import Grammar, Tool, ToolChoice
from passenger.decoding import invalid
from passenger.dialects.responses.node import Node

NO_ARGUMENTS = {"type": "object", "properties": {}}
"""The schema of a function that says none."""


@dataclass(slots=True)
class Offer:
    """The tools that can be called by name, and the names of what cannot be offered to another vendor's model."""

    tools: list[Tool] = field(default_factory=list)
    hosted: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def add(self, tools: Iterable[Node], namespace: str | None = None) -> None:
        """Take tools as a request, a namespace or an `additional_tools` item lists them."""
        for tool in tools:
            match tool.type:
                case "function":
                    self.tools.append(_function(tool, namespace))
                case "custom":
                    self.tools.append(_custom(tool, namespace))
                case "namespace" if namespace is None:
                    self._open(tool)
                case "":
                    raise invalid(f"{tool.at('type')} is missing", tool.at("type"))
                case kind:
                    self.hosted.append(kind)
                    self.dropped.append(f"tools[{kind}]")

    def _open(self, space: Node) -> None:
        name = space.word("name")
        if space.text("description"):
            self.dropped.append(f"tools[{name}].description")
        self.add(space.nodes("tools"), name)

    def names(self) -> frozenset[str]:
        """The names of the tools that can be called."""
        return frozenset(tool.name for tool in self.tools)

    def check(self) -> None:
        """Let it pass where something is left of what was offered.

        Raises:
            Failure: every tool is one that only OpenAI runs.
        """
        if self.hosted and not self.tools:
            raise invalid(f"the tool {self.hosted[0]!r} cannot be run for this model", "tools", "unsupported_value")


def _function(tool: Node, namespace: str | None) -> Tool:
    parameters = tool.node("parameters")
    return Tool(
        name=tool.word("name"),
        description=tool.text("description"),
        schema=parameters.fields if parameters else dict(NO_ARGUMENTS),
        strict=tool.flag("strict"),
        namespace=namespace,
    )


def _custom(tool: Node, namespace: str | None) -> Tool:
    form = tool.node("format")
    return Tool(
        name=tool.word("name"),
        description=tool.text("description"),
        namespace=namespace,
        custom=True,
        grammar=_grammar(form) if form and form.type == "grammar" else None,
    )


def _grammar(form: Node) -> Grammar:
    return Grammar(form.word("syntax"), form.words("definition"))


# --- the choice --------------------------------------------------------------------------------------------------


def read_choice(body: Node, offer: Offer) -> ToolChoice | None:
    """Which tools must or may be called.

    Raises:
        Failure: the choice is one that there is not, or of a tool that is not offered.
    """
    match body.get("tool_choice"):
        case None:
            return None
        case "auto" | "none" as mode:
            return ToolChoice(mode)
        case "required":
            if not offer.tools:
                raise invalid("tool_choice 'required' needs tools", "tool_choice")
            return ToolChoice("required")
        case dict() as choice:
            return _read_object(Node(choice, "tool_choice"), offer)
        case other:
            raise invalid(f"tool_choice {other!r} is not known", "tool_choice")


def _read_object(choice: Node, offer: Offer) -> ToolChoice:
    match choice.type:
        case "function" | "custom":
            return ToolChoice("required", (_offered(choice, offer.names()),))
        case "allowed_tools":
            mode = choice.text("mode") or "auto"
            if mode not in {"auto", "required"}:
                raise invalid(f"{choice.at('mode')} must be 'auto' or 'required'", choice.at("mode"))
            return _allowed(choice, offer, required=mode == "required")
        case kind:
            raise invalid(f"the tool {kind!r} cannot be run for this model", "tool_choice", "unsupported_value")


def _allowed(choice: Node, offer: Offer, *, required: bool) -> ToolChoice:
    callable_ = [tool for tool in choice.nodes("tools") if tool.type in {"function", "custom"}]
    if not callable_:
        raise invalid(f"{choice.at('tools')} names no tool that can be called", choice.at("tools"))
    offered = offer.names()
    names = tuple(_offered(tool, offered) for tool in callable_)
    return ToolChoice("required" if required else "auto", names)


def _offered(choice: Node, offered: frozenset[str]) -> str:
    name = choice.word("name")
    if name not in offered:
        raise invalid(f"{choice.at('name')} {name!r} is none of the tools", choice.at("name"))
    return name
