"""Whose certificates are believed, and which files hold none."""

import ssl
from pathlib import Path

import pytest
import trustme

from passenger.net.tls import make_tls_context, read_bundle


@pytest.mark.proves("N15")
def test_every_certificate_is_verified_with_its_name() -> None:
    context = make_tls_context({})()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.proves("N15")
def test_a_bundle_is_believed_beside_the_systems_store() -> None:
    ca = trustme.CA(organization_name="Corp of Test")
    without, with_it = make_tls_context({})(), make_tls_context({}, ca.cert_pem.bytes().decode())()
    assert len(with_it.get_ca_certs()) == len(without.get_ca_certs()) + 1
    assert any("Corp of Test" in str(found) for found in with_it.get_ca_certs())


def test_the_context_is_made_once() -> None:
    made = make_tls_context({})
    assert made() is made()


@pytest.mark.proves("N15")
def test_a_bundle_may_have_several_certificates_and_words_in_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "corp.pem"
    pem = b"\n".join(trustme.CA().cert_pem.bytes() for _ in range(2))
    path.write_bytes(b"\xef\xbb\xbf# R\xe4uber\r\n" + pem)
    assert (
        len(make_tls_context({}, read_bundle(path))().get_ca_certs()) == len(make_tls_context({})().get_ca_certs()) + 2
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x30\x82\x00",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        bytes(range(256)),
    ],
)
@pytest.mark.proves("N15")
def test_a_file_without_a_certificate_is_no_bundle(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "corp.pem"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="holds no certificate that can be read"):
        read_bundle(path)


@pytest.mark.proves("N15")
def test_a_private_key_alone_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "corp.pem"
    trustme.CA().private_key_pem.write_to_path(path)
    with pytest.raises(ValueError, match="PEM"):
        read_bundle(path)
