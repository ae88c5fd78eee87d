"""The page's templates, filled in and escaped, and its static files. Jinja2 is imported for the first page."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from passenger.jsontext.offload import offload
from passenger.server.pages.protection import HEADERS

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> "jinja2.Environment":
    """The Jinja2 environment of the templates."""
    import jinja2  # noqa: PLC0415 - a server that no browser visits does without

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.globals["asset"] = {name: asset.address for name, asset in assets().items()}
    return found


def render(template: str, **values: object) -> str:
    """A template's text with these values."""
    return environment().get_template(template).render(values)


async def page(template: str, status: int = 200, **values: object) -> Response:
    """A page that must not be cached. Rendering takes some milliseconds, the first time a tenth of a second."""
    headers = {**HEADERS, "cache-control": "no-store", "vary": "Accept, Cookie"}
    text = await offload(True, partial(render, template, **values))
    return Response(text, status, headers, "text/html; charset=utf-8")


DIRECTORY = Path(__file__).parent / "static"

TYPES: Mapping[str, str] = {
    "page.css": "text/css; charset=utf-8",
    "copy.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

KEPT = "public, max-age=31536000, immutable"
"""For a file that is requested by its digest: other content has another address."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file and its address."""

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
