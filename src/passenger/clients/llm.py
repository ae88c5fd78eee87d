"""llm, by its list of further models: https://llm.datasette.io/en/stable/other-models.html"""

from collections.abc import Sequence
from pathlib import Path

from passenger.clients.plan import Client, Site
from passenger.clients.setup import QUESTION, Setup
from passenger.edits.edit import Edit

LLM = Client(
    name="llm",
    title="llm",
    binaries=("llm",),
    install="uv tool install llm",
    dialects=("completions",),
)


def edits(site: Site) -> Sequence[Edit]:
    """Its list of further models, and the key in its file of keys."""
    machine = site.machine
    directory = Path(machine.environ.get("LLM_USER_PATH") or machine.settings_dir / "io.datasette.llm")
    entries = [
        {
            "model_id": f"passenger/{card.id}",
            "model_name": card.id,
            "api_base": f"{site.base}/v1",
            "api_key_name": "passenger",
            "vision": card.vision,
            "supports_tools": card.tools,
        }
        for card in site.chat
    ]
    return [
        Edit(file=directory / "extra-openai-models.yaml", format="yaml-list", keys=(), value=entries),
        Edit(file=directory / "keys.json", format="json", keys=("passenger",), value=site.key, secret=True),
    ]


SETUP = Setup(
    client=LLM,
    edits=edits,
    probe=lambda site: ["llm", "-m", f"passenger/{site.small.id}", "--no-log", QUESTION],
    agents=("openai/python",),
    key_flag="--key",
    prompt=100,
    notes=lambda site: [
        f"`llm -m passenger/{site.model.id} …`; `llm models default passenger/…` makes one the default."
    ],
)
