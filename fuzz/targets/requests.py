"""A chat request in one dialect, as the gateway reads it: refused as the client's fault, or fit to go up.

What goes up is written for each API of Copilot's, or relayed where Copilot speaks the client's own dialect.
"""

import json
from collections.abc import Callable
from functools import partial

from fuzz.targets.failing import blaming_the_client
from passenger.chat.capabilities import Capabilities
from passenger.chat.prompt import Ask, Prompt
from passenger.dialects import Inbound, Request
from passenger.dialects.registry import INBOUND, OUTBOUND
from passenger.jsontext import body_checks
from passenger.jsontext.raw_object import RawObject, split
from passenger.limits import Limits

_ABLE = {
    "completions": Capabilities("google"),
    "messages": Capabilities("anthropic"),
    "responses": Capabilities("openai"),
}
_PATH = {"model": "some-model", "action": "streamGenerateContent"}


def target(name: str) -> Callable[[bytes], None]:
    """The target of one dialect."""
    return partial(_one, {inbound.name: inbound for inbound in INBOUND}[name])


def _one(inbound: Inbound, data: bytes) -> None:
    request = Request(data, _PATH)
    with blaming_the_client(inbound.write_failure):
        body_checks.measure(data, Limits())
        body_checks.check(data, split(data), Limits().max_fields)
        ask = inbound.peek(request)
        with blaming_the_client(inbound.write_failure):
            _relayed(inbound, ask, data)
        prompt = inbound.read_prompt(request)
        assert ask.stream == prompt.stream
        _written(inbound, prompt)


def _relayed(inbound: Inbound, ask: Ask, data: bytes) -> None:
    """The client's own bytes go up for the model that was chosen, and are JSON."""
    own = next((outbound for outbound in OUTBOUND if outbound.name == inbound.name), None)
    if own is None or not ask.relayable:
        return
    body = RawObject(data)
    body.set("model", "chosen")
    own.prepare(body, ask, _ABLE[inbound.name])
    assert json.loads(body.encode().decode())["model"] == "chosen"


def _written(inbound: Inbound, prompt: Prompt) -> None:
    for outbound in OUTBOUND:
        with blaming_the_client(inbound.write_failure):
            written = outbound.write_prompt(prompt, _ABLE[outbound.name])
            json.loads(written.encoded().body, parse_int=str)  # arguments go up with the digits that they have
