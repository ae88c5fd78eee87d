"""What vendors' APIs have and Passenger does not: the paths, and a sentence of why for each.

The same list, with what is refused in the fields of a request, is `docs/scope.md`.
"""

import re
from typing import NamedTuple

from passenger.dialects import Inbound
from passenger.dialects import anthropic as messages
from passenger.dialects import google as gemini

_KEPT = "send the file's own bytes in the request, as base64"

_REALTIME = "Copilot has no models for live audio; POST to /v1/responses or /v1/chat/completions, which also stream"
_FILES = f"no files are kept here, because Copilot has no store for them: {_KEPT}"
_BATCHES = "Copilot answers each request at once and sells no cheaper batches: send the requests one by one"
_CACHES = (
    "no contents are cached under a name: Copilot caches prompts by itself, so send the whole conversation each time"
)
_CODE = "no code is run here, and Copilot runs none: offer a function tool and run its code in your program"
_AUDIO = "Copilot has no models for speech"
_PICTURES = "Copilot has no models that make pictures or films"
_STORES = "no documents are kept or searched here: search in your program, and send what it found with the question"
_TUNING = "Copilot tunes no models of yours"
_JUDGES = "Copilot has no models that moderate or grade"
_ASSISTANTS = "OpenAI has replaced assistants and threads by /v1/responses, which is here"


class Absent(NamedTuple):
    """Why there is no such path. `inbound` is the dialect that alone has it; None where several do."""

    why: str
    inbound: Inbound | None = None


_NAMES: dict[str, Absent] = {
    "realtime": Absent(_REALTIME),
    "live": Absent(_REALTIME),
    "files": Absent(_FILES),
    "uploads": Absent(_FILES),
    "batches": Absent(_BATCHES),
    "messages/batches": Absent(_BATCHES, messages.INBOUND),
    "cachedContents": Absent(_CACHES, gemini.INBOUND),
    "cached_contents": Absent(_CACHES, gemini.INBOUND),
    "containers": Absent(_CODE),
    "skills": Absent(_CODE),
    "audio": Absent(_AUDIO),
    "images": Absent(_PICTURES),
    "videos": Absent(_PICTURES),
    "vector_stores": Absent(_STORES),
    "fileSearchStores": Absent(_STORES, gemini.INBOUND),
    "corpora": Absent(_STORES, gemini.INBOUND),
    "fine_tuning": Absent(_TUNING),
    "tunedModels": Absent(_TUNING, gemini.INBOUND),
    "moderations": Absent(_JUDGES),
    "evals": Absent(_JUDGES),
    "assistants": Absent(_ASSISTANTS),
    "threads": Absent(_ASSISTANTS),
}
"""By the first segments of a path below its prefix."""

_ACTIONS: dict[str, Absent] = {
    "batchGenerateContent": Absent(_BATCHES, gemini.INBOUND),
    "asyncBatchEmbedContent": Absent(_BATCHES, gemini.INBOUND),
    "bidiGenerateContent": Absent(_REALTIME, gemini.INBOUND),
    "predict": Absent(_PICTURES, gemini.INBOUND),
    "predictLongRunning": Absent(_PICTURES, gemini.INBOUND),
}
"""By the action of Gemini's `models/{model}:{action}`."""

_BELOW = re.compile(
    r"(?:/(?:v1|v1beta|v1alpha|api|openai|anthropic|upload|download|resumable))*/"
    rf"(?P<name>{'|'.join(sorted(map(re.escape, _NAMES), key=len, reverse=True))})(?:[/:]|$)"
)
_ACTING = re.compile(rf"/models/[^:]*:(?P<name>{'|'.join(_ACTIONS)})$")
_LIVE_SOCKET = "GenerativeService.BidiGenerateContent"


def find_absent(path: str) -> Absent | None:
    """Why a path is not here; None for one that no vendor has, or that is here."""
    if (found := _BELOW.match(path)) is not None:
        return _NAMES[found["name"]]
    if (found := _ACTING.search(path)) is not None:
        return _ACTIONS[found["name"]]
    return _ACTIONS["bidiGenerateContent"] if path.endswith(_LIVE_SOCKET) else None
