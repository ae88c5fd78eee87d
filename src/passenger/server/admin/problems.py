"""What went wrong, as the administration's own answers tell it: https://www.rfc-editor.org/rfc/rfc9457."""

import msgspec
from starlette.responses import Response

from passenger.errors import Failure


def problem(failure: Failure) -> Response:
    """The answer for a failure."""
    document = {
        "type": "about:blank",
        "title": failure.kind.value.replace("_", " "),
        "status": failure.status,
        "detail": failure.message,
        "code": failure.code,
        "param": failure.param,
    }
    told = {name: value for name, value in document.items() if value is not None}
    headers = {"cache-control": "no-store", **dict(failure.headers)}
    if failure.retry_after is not None:
        headers["retry-after"] = failure.retry_after
    return Response(msgspec.json.encode(told), failure.status, headers, "application/problem+json")
