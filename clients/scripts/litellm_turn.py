"""LiteLLM as a library: a model calls a function that reads the note, or repeats the note where it takes no tools."""

import json
import os
from pathlib import Path

import litellm

NOTE = Path("note.txt").read_text().strip()
TOOLS = [{"type": "function", "function": {"name": "read_note", "parameters": {"type": "object", "properties": {}}}}]


def ask(messages: list[object], **given: object) -> litellm.Message:
    """The next message of the model."""
    model = f"{os.environ['PROVIDER']}/{os.environ['MODEL']}"
    answer = litellm.completion(
        model=model, api_base=os.environ["URL"], messages=messages, num_retries=0, timeout=60, **given
    )
    return answer.choices[0].message


def loop() -> str:
    """What the model says after it has called the function."""
    messages: list[object] = [{"role": "user", "content": os.environ["PROMPT"]}]
    said = ask(messages, tools=TOOLS)
    messages.append(said)
    for one in said.tool_calls:
        assert one.function.name == "read_note", one  # noqa: S101 - a script that judges
        json.loads(one.function.arguments)
        messages.append({"role": "tool", "tool_call_id": one.id, "content": NOTE})
    return ask(messages, tools=TOOLS).content


def streamed() -> str:
    """What the model says to the note itself, piece by piece."""
    model = f"{os.environ['PROVIDER']}/{os.environ['MODEL']}"
    pieces = litellm.completion(
        model=model,
        api_base=os.environ["URL"],
        messages=[{"role": "user", "content": NOTE}],
        num_retries=0,
        timeout=60,
        stream=True,
    )
    return "".join(piece.choices[0].delta.content or "" for piece in pieces)


print(loop() if os.environ["PROVIDER"] == "ollama_chat" else ask([{"role": "user", "content": NOTE}]).content)
print(streamed())
