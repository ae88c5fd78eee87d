"""The TLS context: it trusts the operating system's certificates, and those of a bundle that the user names.

Verification cannot be switched off.
"""

import ssl
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

STORES = (
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
)
"""Where Linux and BSD keep certificates, for an OpenSSL that was built to look elsewhere; the list is truststore's."""

MakeContext = Callable[[], ssl.SSLContext]


def make_tls_context(environ: Mapping[str, str], bundle: str = "") -> MakeContext:
    """A function that makes the context at its first call, which takes some 20 ms, and then returns the same one.

    `bundle` is the text of PEM certificates that are trusted beside the system's.
    """
    file, directory = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")

    @cache
    def context() -> ssl.SSLContext:
        made = _native(file, directory) if sys.platform in {"win32", "darwin"} else _openssl()
        if bundle:
            made.load_verify_locations(cadata=bundle)
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as curl has it: a bundle may hold an intermediate alone
        return made

    return context


def _native(file: str | None, directory: str | None) -> ssl.SSLContext:
    """A context that verifies by Windows or macOS, and by OpenSSL's variables, which those do not know."""
    import truststore  # noqa: PLC0415 - Linux does without

    made: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if file and Path(file).is_file():
        made.load_verify_locations(cafile=file)
    if directory and Path(directory).is_dir():
        made.load_verify_locations(capath=directory)
    return made


def _openssl() -> ssl.SSLContext:
    """A context with OpenSSL's store and variables, read once; truststore would read the store per connection."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.set_default_verify_paths()
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and not _has_certificates(paths.capath):
        store = next(filter(lambda path: Path(path).is_file(), STORES), None)
        if store is not None:
            made.load_verify_locations(cafile=store)
    return made


def _has_certificates(directory: str | None) -> bool:
    return directory is not None and any(path.suffix == ".0" for path in Path(directory).iterdir())


def read_bundle(path: Path) -> str:
    """The certificates in a PEM file.

    Raises:
        OSError: it cannot be read.
        ValueError: it has no valid certificate; the text completes "the file ...".
    """
    text = path.read_bytes().decode("ascii", "ignore")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("holds no certificate that can be read: it must be PEM") from error
    return text
