"""A place to load a config from, with a user directory and a working directory of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from passenger.config.loading import Loaded, load
from passenger.config.problems import ConfigError


@dataclass(frozen=True)
class Place:
    """Directories of one test, and loading from them."""

    root: Path

    @property
    def user(self) -> Path:
        return self.root / "user"

    @property
    def cwd(self) -> Path:
        return self.root / "cwd"

    @property
    def named(self) -> Path:
        return self.root / "named.toml"

    def write(self, where: Path, text: str | bytes) -> Path:
        path = where if where.suffix else where / "config.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def load(
        self,
        flags: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        config_path: Path | None = None,
    ) -> Loaded:
        return load(flags=flags or {}, environ=environ or {}, config_path=config_path, cwd=self.cwd, user_dir=self.user)

    def problems(
        self,
        flags: Mapping[str, object] | None = None,
        environ: Mapping[str, str] | None = None,
        config_path: Path | None = None,
    ) -> list[str]:
        """What is wrong, as it is shown, without the directory."""
        with pytest.raises(ConfigError) as caught:
            self.load(flags, environ, config_path)
        return [str(problem).replace(f"{self.root}/", "") for problem in caught.value.problems]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.user.mkdir()
    place.cwd.mkdir()
    return place
