"""Errors of `/v1/messages` that the vendor wrote and Copilot passes on."""

import hashlib
from dataclasses import dataclass
from typing import Any, NoReturn

from passenger.simulator.refusals import RefusedError
from passenger.simulator.reply import JSON_TYPE, Event, Fields, Reply, go_json

TYPES = {
    400: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
    529: "overloaded_error",
}
WORDS = {413: "Request body too large.", 503: "Overloaded", 529: "Overloaded"}


@dataclass(frozen=True, slots=True)
class VendorRefusal:
    """One error answer in the vendor's envelope: JSON, named as such, without a newline."""

    message: str
    status: int = 400
    code: str | None = None

    def reply(self, headers: Fields) -> Reply:
        """The answer under these headers; its request id follows theirs."""
        seed = dict(headers).get("x-request-id", "")
        body = envelope(self.status, self.message, seed)
        if self.code is not None:
            body["error"] |= {"code": self.code}
        return Reply(self.status, (("content-type", JSON_TYPE), *headers), go_json(body))


def envelope(status: int, message: str, seed: str) -> dict[str, Any]:  # Any: the JSON edge
    """The vendor's error object; `seed` is what its request id is made from."""
    request_id = "req_01" + hashlib.blake2b(seed.encode(), digest_size=11).hexdigest()
    error = {"message": message, "type": TYPES.get(status, "api_error")}
    return {"error": error, "request_id": request_id, "type": "error"}


def error_event(status: int, before: int) -> Event:
    """The event that ends a stream which fails after its 200."""
    message = WORDS.get(status, "Simulated failure in mid-stream.")
    return Event(go_json(envelope(status, message, f"stream {before}")), "error")


TOO_LARGE = VendorRefusal(WORDS[413], 413)
OVERLOADED = VendorRefusal(WORDS[529], 529)
PASSED_ON = {413: TOO_LARGE, 529: OVERLOADED}
"""The statuses that the vendor answers, and not CAPI."""


def refuse(message: str) -> NoReturn:
    """Raise the vendor's 400 with that message."""
    raise RefusedError(VendorRefusal(message))


def extra(place: str) -> NoReturn:
    """Raise the vendor's 400 for a field it does not know."""
    refuse(f"{place}: Extra inputs are not permitted")
