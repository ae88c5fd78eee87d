"""The network as the settings and the environment have it; what is wrong there is said with its place, at the start."""

import logging
from collections.abc import Mapping
from pathlib import Path

from passenger.config import ConfigError, Loaded, Origin, Problem
from passenger.log import Redactor
from passenger.network import Network
from passenger.proxies import Proxies, ProxyError, read_proxies
from passenger.trust import read_bundle, trust

log = logging.getLogger(__name__)


def network_of(loaded: Loaded, environ: Mapping[str, str], redactor: Redactor) -> Network:
    """The network; passwords of proxies are told to the redactor.

    Raises:
        ConfigError: a proxy or the bundle of certificates cannot be used.
    """
    proxies = _proxies(environ)
    for proxy in proxies.by_scheme.values():
        for secret in proxy.secrets():
            redactor.add(secret)
    if (file := environ.get("SSL_CERT_FILE")) and not Path(file).is_file():
        log.warning("SSL_CERT_FILE is ignored: there is no file %s", file)
    return Network(proxies, trust(environ, _bundle(loaded)))


def _proxies(environ: Mapping[str, str]) -> Proxies:
    try:
        return read_proxies(environ)
    except ProxyError as error:
        raise ConfigError([Problem(Origin("environment", error.variable), str(error))]) from None


def _bundle(loaded: Loaded) -> str:
    """The certificates that the user trusts beside the system's, "" where he names no file."""
    name, origin = loaded.config.network.ca_bundle, loaded.origins["network.ca_bundle"]
    try:
        return read_bundle(Path(name).expanduser()) if name else ""
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = Problem(origin, f"[network] ca_bundle: {name}: {reason}")
    raise ConfigError([problem])
