"""The templates, filled in; all that is put into them is escaped. Jinja2 is imported for the first page."""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response

from passenger.offload import offload
from passenger.web.pages.assets import assets
from passenger.web.pages.protection import HEADERS

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> "jinja2.Environment":
    """Where the templates are, how they are read, and what all of them may name."""
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
    """A page, for this browser and this moment alone. It takes some milliseconds, the first one a tenth of a second."""
    headers = {**HEADERS, "cache-control": "no-store", "vary": "Accept, Cookie"}
    text = await offload(True, partial(render, template, **values))
    return Response(text, status, headers, "text/html; charset=utf-8")
