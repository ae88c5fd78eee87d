"""Makes the egress (proxies, certificates) of the settings and the environment; errors name their place."""

import logging
from collections.abc import Mapping
from pathlib import Path

from passenger.config.loading import Loaded
from passenger.config.problems import ConfigError, Problem, SettingOrigin
from passenger.net.egress import Egress
from passenger.net.proxies import ProxyError, read_proxies
from passenger.net.tls import make_tls_context, read_bundle
from passenger.observe.redaction import Redactor

log = logging.getLogger(__name__)


def make_egress(loaded: Loaded, environ: Mapping[str, str], redactor: Redactor) -> Egress:
    """The network. Passwords of proxies are added to the redactor.

    Raises:
        ConfigError: a proxy or the bundle of certificates cannot be used.
    """
    try:
        proxies = read_proxies(environ)
    except ProxyError as error:
        raise ConfigError([Problem(SettingOrigin("environment", error.variable), str(error))]) from None
    for proxy in proxies.by_scheme.values():
        for secret in proxy.secrets():
            redactor.add(secret)
    if (file := environ.get("SSL_CERT_FILE")) and not Path(file).is_file():
        log.warning("SSL_CERT_FILE is ignored: there is no file %s", file)
    return Egress(proxies, make_tls_context(environ, _bundle(loaded)))


def _bundle(loaded: Loaded) -> str:
    """The certificates that the user trusts beside the system's, "" if no file is named."""
    name, origin = loaded.config.network.ca_bundle, loaded.origins["network.ca_bundle"]
    try:
        return read_bundle(Path(name).expanduser()) if name else ""
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError([Problem(origin, f"[network] ca_bundle: {name}: {reason}")]) from None
