"""A chat request in one dialect, as the gateway reads it: refused as the client's fault, or fit to go up.

What goes up is written for each API of Copilot's, or relayed where Copilot speaks the client's own dialect.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial

from fuzz.targets.failing import blaming_the_client
from passenger import wellformed
from passenger.body import Body, split
from passenger.chat import Abilities, Ask, Prompt
from passenger.copilot.quirks import Quirks, completions, messages, responses
from passenger.dialects import Inbound, Request
from passenger.dialects.registry import INBOUND, OUTBOUND
from passenger.limits import Limits

_QUIRKS: Mapping[str, Quirks] = {"completions": completions, "messages": messages, "responses": responses}
_ABLE = {"completions": Abilities("google"), "messages": Abilities("anthropic"), "responses": Abilities("openai")}
_PATH = {"model": "some-model", "action": "streamGenerateContent"}


def target(name: str) -> Callable[[bytes], None]:
    """The target of one dialect."""
    return partial(_one, {inbound.NAME: inbound for inbound in INBOUND}[name])


def _one(inbound: Inbound, data: bytes) -> None:
    request = Request(data, _PATH)
    with blaming_the_client(inbound.write_failure):
        wellformed.measure(data, Limits())
        wellformed.check(data, split(data), Limits().max_fields)
        ask = inbound.peek(request)
        with blaming_the_client(inbound.write_failure):
            _relayed(inbound, ask, data)
        prompt = inbound.read_prompt(request)
        assert ask.stream == prompt.stream
        _written(inbound, prompt)


def _relayed(inbound: Inbound, ask: Ask, data: bytes) -> None:
    """The client's own bytes go up for the model that was chosen, and are JSON."""
    if inbound.NAME not in _QUIRKS or not ask.relays:
        return
    body = Body(data)
    body.set("model", "chosen")
    _QUIRKS[inbound.NAME].prepare(body, ask, _ABLE[inbound.NAME])
    assert json.loads(body.encode().decode())["model"] == "chosen"


def _written(inbound: Inbound, prompt: Prompt) -> None:
    for outbound in OUTBOUND:
        with blaming_the_client(inbound.write_failure):
            written = outbound.write_prompt(prompt, _ABLE[outbound.NAME])
            json.loads(written.encoded().body, parse_int=str)  # arguments go up with the digits that they have
