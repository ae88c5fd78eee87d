"""Reading an issuer from DER, and bytes that are none."""

import ssl

import trustme
from hypothesis import given
from hypothesis import strategies as st

from passenger.doctor.certificate import LONGEST, issuer_of, told

LEAF = trustme.CA(organization_name="Größe & Söhne", organization_unit_name="IT").issue_cert("a.test")
DER = ssl.PEM_cert_to_DER_cert(LEAF.cert_chain_pems[0].bytes().decode())


def test_the_issuer_of_a_certificate_is_read() -> None:
    assert issuer_of(DER) == "Größe & Söhne"


def test_a_name_has_both_parts_where_it_has_both() -> None:
    assert told("Corp Root CA", "Corp Ltd") == "Corp Root CA (Corp Ltd)"
    assert told("Corp Root CA", "") == "Corp Root CA"
    assert told("", "") == ""


@given(st.binary(max_size=200))
def test_bytes_that_are_no_certificate_have_no_issuer_and_raise_nothing(data: bytes) -> None:
    assert isinstance(issuer_of(data), str)


@given(st.integers(0, len(DER) - 1), st.integers(0, 255), st.integers(0, len(DER)))
def test_a_certificate_that_was_changed_or_cut_raises_nothing(at: int, byte: int, end: int) -> None:
    changed = bytearray(DER)
    changed[at] = byte
    assert len(issuer_of(bytes(changed[:end]))) <= LONGEST
