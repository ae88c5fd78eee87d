"""Settings: all that is wrong is one ConfigError, and a file nobody named never sends a credential off GitHub."""

from contextlib import suppress
from pathlib import Path

from fuzz.targets.place import place
from passenger.config.credentials import Credentials
from passenger.config.loading import Loaded, load
from passenger.config.problems import ConfigError
from passenger.config.schema import CREDENTIAL_URLS, DEFAULTS
from passenger.config.sources import VARIABLES


def one(data: bytes) -> None:
    """Take the same text for a file that was named, for one that was found, and for every variable."""
    home = place()
    path = home / "config.toml"
    path.write_bytes(data)
    with suppress(ConfigError):
        _complete(_load(home / "elsewhere", config_path=path))
    with suppress(ConfigError):
        _harmless(_load(home, config_path=None))
    with suppress(ConfigError):
        _complete(_load(home / "elsewhere", environ=dict.fromkeys(VARIABLES, data.decode("utf-8", "surrogateescape"))))


def _load(cwd: Path, *, config_path: Path | None = None, environ: dict[str, str] | None = None) -> Loaded:
    """The settings; a ConfigError must be able to say what is wrong, a line each."""
    try:
        return load(flags={}, config_path=config_path, environ=environ or {}, cwd=cwd, user_dir=cwd / "user")
    except ConfigError as error:
        assert len(str(error).splitlines()) == len(error.problems)
        raise


def _complete(loaded: Loaded) -> None:
    """Every setting has an origin, and each credential URL is one that credentials may go to."""
    assert loaded.origins.keys() >= {".".join(key) for key in DEFAULTS}
    for section, key in CREDENTIAL_URLS:
        assert loaded.credentials.may_go_to(getattr(getattr(loaded.config, section), key))


def _harmless(loaded: Loaded) -> None:
    _complete(loaded)
    assert not loaded.trusted_hosts
    for section, key in CREDENTIAL_URLS:
        assert Credentials().may_go_to(getattr(getattr(loaded.config, section), key))
