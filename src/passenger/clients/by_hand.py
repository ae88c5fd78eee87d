"""Programs that no file of theirs wires up: what to click, or why it cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ByHand:
    """What is said of a program; `{base}` and `{key}` stand in it for the server's."""

    title: str
    text: str
    can_be: bool = True


BY_HAND: Mapping[str, ByHand] = {
    "jetbrains": ByHand(
        "JetBrains AI Assistant",
        "1. Settings | Tools | AI Assistant | Providers & API keys.\n"
        "2. Add an OpenAI-compatible provider: URL {base}/v1, key {key}.\n"
        "3. Write the names of the models by hand: `passenger models` lists them.",
    ),
    "xcode": ByHand(
        "Xcode",
        "Xcode 26 or later:\n"
        "1. Settings > Intelligence > Add a Model Provider.\n"
        "2. Locally Hosted, port {port}; or Internet Hosted with URL {base} and key {key}.",
    ),
    "cline-vscode": ByHand(
        "Cline, Roo Code and Kilo Code in VS Code",
        "They keep their settings in VS Code's own store. In the extension's settings:\n"
        "1. API Provider: OpenAI Compatible.\n"
        "2. Base URL {base}/v1, API key {key}.\n"
        "3. Model ID: one that `passenger models` lists.",
    ),
    "cursor": ByHand(
        "Cursor",
        "Cursor sends requests through its own servers, which cannot reach this machine. It would take a public "
        "address for your subscription, which Passenger does not help with.",
        can_be=False,
    ),
    "warp": ByHand(
        "Warp", "Warp takes public addresses only, and refuses localhost and private networks.", can_be=False
    ),
    "amp": ByHand("Amp", "Amp has no setting for another server: AMP_URL replaces its whole service.", can_be=False),
}
"""By the name that a user types."""

SAME: Mapping[str, str] = {
    **dict.fromkeys(("roo", "kilo", "roo-code"), "cline-vscode"),
    "copilot-cli": "copilot",
}
"""Other names of the same programs."""
