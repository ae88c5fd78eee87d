"""opencode's own configuration: https://opencode.ai/docs/config/"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from passenger.clients.opencode import OPENCODE, provider
from passenger.clients.plan import Site
from passenger.clients.setups.setup import KEY_VARIABLE, QUESTION, Setup, needs_key
from passenger.edits.edit import Edit


def edits(site: Site) -> Sequence[Edit]:
    """A provider beside those of the user, and the two models."""
    file = _file(site)
    entry, options = dict(provider(site)), ("provider", "passenger", "options")
    entry["options"] = {"baseURL": f"{site.base}/v1"}
    return [
        Edit(file=file, format="jsonc", keys=("provider", "passenger"), value=entry, address=True),
        Edit(
            file=file,
            format="jsonc",
            keys=(*options, "apiKey"),
            value=site.key,
            secret=True,
            variable=f"{{env:{KEY_VARIABLE}}}",
        ),
        Edit(file=file, format="jsonc", keys=("model",), value=f"passenger/{site.model.id}"),
        Edit(file=file, format="jsonc", keys=("small_model",), value=f"passenger/{site.small.id}"),
    ]


def _file(site: Site) -> Path:
    """The one that there is; where there are both, the one that wins."""
    base = Path(site.machine.environ.get("XDG_CONFIG_HOME") or site.machine.home / ".config") / "opencode"
    return next((base / name for name in ("opencode.jsonc",) if (base / name).exists()), base / "opencode.json")


def probe(site: Site) -> Sequence[str]:
    """One question to the small model."""
    return ["opencode", "run", "-m", f"passenger/{site.small.id}", QUESTION]


def environ(site: Site) -> Mapping[str, str]:
    """The key, where the file names a variable."""
    fetched = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    return {KEY_VARIABLE: site.key, **fetched} if needs_key(site) else fetched


SETUP = Setup(client=OPENCODE, edits=edits, probe=probe, agents=("opencode", "ai-sdk"), environ=environ)
