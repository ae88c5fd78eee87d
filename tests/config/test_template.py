"""The config file to begin with: all there is to set, at its default."""

import re
from pathlib import Path

from passenger.config.loading import Loaded, load
from passenger.config.schema import DEFAULTS, TABLES
from passenger.config.template import WIDTH, template


def loaded(directory: Path, text: str) -> Loaded:
    path = directory / "mine.toml"
    path.write_text(text, "utf-8")
    return load(flags={}, config_path=path, environ={}, cwd=directory, user_dir=directory)


def values(found: Loaded) -> dict[tuple[str, str], object]:
    return {(section, key): getattr(getattr(found.config, section), key) for section, key in DEFAULTS}


def test_as_it_stands_it_sets_nothing(tmp_path: Path) -> None:
    found = loaded(tmp_path, template())
    assert values(found) == dict(DEFAULTS)
    assert {origin.kind for origin in found.origins.values()} == {"default"}


def test_every_setting_is_in_it_at_its_default(tmp_path: Path) -> None:
    uncommented = re.sub(r"^# (?=\w+ = )", "", template(), flags=re.MULTILINE)
    found = loaded(tmp_path, uncommented)
    assert {origin.kind for name, origin in found.origins.items()} == {"file"}
    changed = {key for key, value in values(found).items() if value != DEFAULTS[key]}
    assert changed == TABLES, "which have examples"


def test_its_comments_fit_a_terminal() -> None:
    prose = [line for line in template().splitlines() if line.startswith("# ") and " = " not in line]
    assert len(prose) > 10
    assert max(map(len, prose)) <= WIDTH + 2
