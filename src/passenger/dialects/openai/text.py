"""OpenAI's old text completions (`POST /v1/completions`): the prompt becomes the one message of a chat.

https://platform.openai.com/docs/api-reference/completions/create
"""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from passenger.chat.events import Answer, AnswerIdentity, Delta, Event, Finish, PartStart, Reason, Start, Usage
from passenger.chat.prompt import Ask, Initiator, Prompt, Refusal, Text
from passenger.dialects import Dialect, Inbound, Request, Routes
from passenger.dialects.framing import StreamMessage as Line
from passenger.dialects.openai import CLIENTS
from passenger.dialects.openai.chat.answer_out import FINISH, write_usage
from passenger.dialects.openai.chat.request_in import read_body
from passenger.dialects.openai.errors import write_break, write_failure
from passenger.errors import Failure
from passenger.jsontext.node import JsonNode, read_node
from passenger.jsontext.reading import JSON, invalid

NAME = "legacy"

LIMIT = 16
"""The limit of an answer's tokens where the client sets none: OpenAI's default."""

_SHARED = (
    "model",
    "stream",
    "stream_options",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "user",
)
"""Fields that mean the same in Chat Completions."""
_REFUSED: JSON = {"n": 1, "best_of": 1, "suffix": "", "echo": False}
"""Fields that a chat cannot express, with the only values that they may have."""
_READ = frozenset({"prompt", *_SHARED, *_REFUSED})


def peek(request: Request) -> Ask:
    """The facts of a request, which counts as a person's."""
    body = read_node(request.body)
    options = body.node_or_empty("stream_options")
    return Ask(
        model=body.filled_text("model"),
        stream=body.boolean("stream") or False,
        initiator=Initiator.USER,
        wants_usage=options.boolean("include_usage") or False,
    )


def read_prompt(request: Request) -> Prompt:
    """The whole request. Several answers, insertions and prompts of tokens are refused."""
    body = read_node(request.body)
    for name, harmless in _REFUSED.items():
        if body.get(name) not in (None, harmless):
            raise invalid(f"{name} cannot be carried to a chat model", name)
    chat = {name: body.get(name) for name in _SHARED if body.get(name) is not None}
    chat = {"max_tokens": LIMIT} | chat | {"model": body.filled_text("model"), "messages": [_message(body)]}
    dropped = (name for name, value in body.fields.items() if name not in _READ and value not in (None, {}, []))
    return replace(read_body(JsonNode(chat)), dropped=tuple(dropped))


def _message(body: JsonNode) -> JSON:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str) or not prompt:
        raise invalid(
            "prompt must be one text that is not empty; tokens or several prompts cannot be carried", "prompt"
        )
    return {"role": "user", "content": prompt}


# --- answers -----------------------------------------------------------------------------------------------------


class Writer:
    """Writes the chunks of one answer, without its reasoning."""

    def __init__(self, prompt: Prompt, identity: AnswerIdentity) -> None:
        self._prompt = prompt
        self._identity = identity
        self._model = prompt.model
        self._shown = False

    def send(self, event: Event) -> Iterator[Line]:
        """See `Writer.send`."""
        match event:
            case Start(model):
                self._model = model or self._model
            case PartStart(kind):
                self._shown = kind in {"text", "refusal"}
            case Delta(text) if self._shown:
                yield self._line({"choices": [_choice(text, None)]})
            case Finish(reason, usage):
                yield self._line({"choices": [_choice("", reason)]})
                if self._prompt.wants_usage:
                    yield self._line({"choices": [], "usage": write_usage(usage or Usage())})
                yield Line("", b"[DONE]")
            case _:
                pass

    def fail(self, failure: Failure) -> Iterator[Line]:
        """See `Writer.fail`."""
        yield write_break(failure)

    def _line(self, rest: JSON) -> Line:
        return Line("", msgspec.json.encode(_head(self._identity, self._model) | rest))


def write_answer(prompt: Prompt, answer: Answer, identity: AnswerIdentity) -> bytes:
    """A whole answer."""
    text = "".join(part.text for part in answer.parts if isinstance(part, Text | Refusal))
    rest = {"choices": [_choice(text, answer.reason)], "usage": write_usage(answer.usage or Usage())}
    return msgspec.json.encode(_head(identity, answer.model or prompt.model) | rest)


def _head(identity: AnswerIdentity, model: str) -> JSON:
    return {"id": f"cmpl-{identity.id}", "object": "text_completion", "created": identity.created, "model": model}


def _choice(text: str, reason: Reason | None) -> JSON:
    # Tools are never offered here, so a call that a model makes up is no reason that a client knows.
    finish = None if reason is None else FINISH[Reason.END if reason is Reason.TOOL else reason]
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}


INBOUND = Inbound(
    name=NAME,
    peek=peek,
    read_prompt=read_prompt,
    writer=Writer,
    write_answer=write_answer,
    write_failure=write_failure,
    write_break=write_break,
    fields={"limit": "max_tokens", "document": "prompt", "messages": "prompt"},
    round_trips_reasoning=True,  # there are no tools here, so no reasoning is ever wanted back
    clients=CLIENTS,
    routes=Routes(posts={"/completions": "chat"}),
)
DIALECT = Dialect(INBOUND)
