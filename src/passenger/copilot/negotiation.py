"""What a refusal of Copilot teaches: which field, beta or limit a model does not take.

Only what tunes may be left out. What carries meaning never is: then the refusal is the client's to see.
"""

import re
from collections.abc import Mapping

from passenger.body import Body
from passenger.errors import Failure

BETAS = "anthropic-beta"

MEANING = frozenset(
    {
        "model",
        "messages",
        "input",
        "system",
        "instructions",
        "prompt",
        "stream",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "response_format",
        "text",
        "stop",
        "stop_sequences",
        "n",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
    }
)
"""Fields that are never left out."""

_RENAMED = re.compile(r"'(max_tokens)' is not supported with this model\. Use '(max_completion_tokens)'")
_FIELD = (
    re.compile(r"[Uu]nsupported parameter:? ['\"`](\w+)"),
    re.compile(r"Unknown parameter: ['\"`](\w+)['\"`]"),
    re.compile(r"^[`'\"]?(\w+)[`'\"]? is (?:not supported|deprecated)"),
    re.compile(r"^(\w+)(?:\.\w+)*: Extra inputs are not permitted"),
    re.compile(r"^[\"'`](\w+)(?:\.\w+)*[\"'`] is not supported for this model"),
)
_BETA = re.compile(r"unsupported beta header\(s\): (.+)")
_WORDS = {
    "adaptive thinking is not supported": "thinking",
    "does not support the effort parameter": "output_config",
    "Unsupported value": "",
}

Lesson = tuple[str, ...]
"""Names of fields (`top_k`), of betas (`anthropic-beta: x`) or of a new name for a limit (`max_tokens>…`)."""


def lesson(failure: Failure, body: Body, headers: Mapping[str, str]) -> Lesson:
    """What must change so that the same request is not refused again for this reason; empty where nothing may."""
    if failure.status != 400:
        return ()
    if renamed := _RENAMED.search(failure.message):
        return (f"{renamed[1]}>{renamed[2]}",) if renamed[1] in body.names() else ()
    if betas := _BETA.search(failure.message):
        sent = _betas(headers)
        return tuple(f"{BETAS}: {name}" for name in map(str.strip, betas[1].split(",")) if name in sent)
    field = _field(failure)
    return (field,) if field is not None and _may_go(field, body) else ()


def _field(failure: Failure) -> str | None:
    for pattern in _FIELD:
        if found := pattern.search(failure.message):
            return found[1]
    for words, field in _WORDS.items():
        if words in failure.message:
            return field or (failure.param or "").split(".")[0].split("[")[0] or None
    return None


def _may_go(field: str, body: Body) -> bool:
    if field in MEANING or field not in body.names():
        return False
    # `output_config` also carries the shape of the answer, which is meaning.
    return field != "output_config" or "format" not in (body.get(field) or {})


def apply(learned: Lesson, body: bytes, headers: Mapping[str, str]) -> tuple[bytes, Mapping[str, str], tuple[str, ...]]:
    """The request changed so, and the names of what was left out of it."""
    document, dropped, names = Body(body), list[str](), None
    for item in learned:
        old, renames, new = item.partition(">")
        if item.startswith(BETAS):
            headers, gone = _without_beta(headers, item.removeprefix(f"{BETAS}: "))
            dropped += [item] if gone else []
            continue
        names = document.names() if names is None else names
        if renames:
            document.rename(old, new)
        elif item in names and _may_go(item, document):
            document.drop(item)
            dropped.append(item)
    return document.encode(), headers, tuple(dropped)


def _betas(headers: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in headers.get(BETAS, "").split(",") if name.strip()]


def _without_beta(headers: Mapping[str, str], beta: str) -> tuple[Mapping[str, str], bool]:
    sent = _betas(headers)
    kept = [name for name in sent if name != beta]
    changed = {name: value for name, value in headers.items() if name != BETAS}
    return (changed | {BETAS: ",".join(kept)} if kept else changed), len(kept) < len(sent)


OVERFLOW = (
    re.compile(r"prompt token count of (\d+) exceeds the limit of (\d+)"),
    re.compile(r"prompt is too long: (\d+) tokens > (\d+)"),
    re.compile(r"[Ii]nput exceeds the context window()()"),
)
"""How Copilot says that a prompt is too long, an API each: the tokens there were, and the tokens there may be."""


def is_overflow(message: str, code: str | None) -> bool:
    """Whether a refusal means that the prompt is too long for the model."""
    return code == "model_max_prompt_tokens_exceeded" or any(shape.search(message) for shape in OVERFLOW)
