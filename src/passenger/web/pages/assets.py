"""The page's own style, script and picture, served as they are: nothing is loaded from any other host."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from passenger.web.pages.protection import HEADERS

DIRECTORY = Path(__file__).parent / "static"

TYPES: Mapping[str, str] = {
    "page.css": "text/css; charset=utf-8",
    "copy.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

KEPT = "public, max-age=31536000, immutable"
"""A browser may keep what is asked for by its digest: with another content it has another address."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file and where it is found."""

    content: bytes
    media_type: str
    address: str


@cache
def assets() -> Mapping[str, Asset]:
    """All of them, by their names."""
    return {name: _read(name, media_type) for name, media_type in TYPES.items()}


def _read(name: str, media_type: str) -> Asset:
    content = (DIRECTORY / name).read_bytes()
    return Asset(content, media_type, f"/page/{name}?{hashlib.sha256(content).hexdigest()[:12]}")


async def serve_asset(request: Request) -> Response:
    """`GET /page/NAME`."""
    asset = assets()[request.url.path.rpartition("/")[2]]
    known = asset.address.endswith(f"?{request.url.query}")
    headers = {**HEADERS, "cache-control": KEPT if known else "no-cache"}
    return Response(asset.content, 200, headers, asset.media_type)
