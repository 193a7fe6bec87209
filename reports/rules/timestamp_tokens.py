"""This module writes requests for time-stamp tokens (RFC 3161), and reads and verifies tokens. Pure.

`rfc3161-client` parses and verifies a token. This module verifies the chain of certificates, and says which part is
wrong.
"""

import base64
import binascii
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import rfc3161_client
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

TOKEN_MOST = 64 * 1024  # the most bytes of a token; one with three certificates has some 5 KiB
CERTIFICATES_MOST = 8  # how many certificates a chain may have

_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class BadToken(ValueError):
    """This is no valid token: unreadable, refused by the authority, with another nonce, or with a wrong signature."""


class BadChain(ValueError):
    """The certificates are no chain from the signer to a trusted one."""


@dataclass(frozen=True, slots=True)
class Token:
    """It is the content of a token.

    hash_name: the name of the hash in `hashlib`. imprint: the hash of what was stamped. at: the time by the authority's
    clock.
    """

    der: bytes
    hash_name: str
    imprint: bytes
    at: datetime
    nonce: int | None

    def is_of(self, content: bytes) -> bool:
        """Return whether this is the content that was stamped."""
        return hashlib.new(self.hash_name, content).digest() == self.imprint


def build_request(content: bytes, *, with_nonce: bool) -> tuple[bytes, int | None]:
    """Return the DER of a request to stamp the SHA-256 of the content, and its nonce.

    with_nonce: False for a request that a person carries, because nothing then waits for the answer. The content
    belongs to one day and one site, so that no older token can answer it.
    """
    builder = rfc3161_client.TimestampRequestBuilder().data(content)
    builder = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256)
    request = builder.cert_request(cert_request=True).nonce(nonce=with_nonce).build()
    return request.as_bytes(), request.nonce if with_nonce else None


def read_answer(der: bytes) -> Token:
    """Return the token in an authority's answer. Raises BadToken, also when the authority refused."""
    try:
        answer = rfc3161_client.decode_timestamp_response(_in_order(der))
        if answer.status not in (0, 1):  # 0 and 1 mean granted, without and with modifications
            raise BadToken("not granted")
        token = answer.time_stamp_token()
    except ValueError as error:
        raise BadToken("not an answer") from error
    return read_token(bytes(token))


def read_token(der: bytes) -> Token:
    """Parse a token, which `verify_token` verifies. Raises BadToken."""
    answer = _wrapped(der)
    try:
        info = answer.tst_info
        hash_name = _HASHES[info.message_imprint.hash_algorithm.dotted_string]
        return Token(der, hash_name, bytes(info.message_imprint.message), info.gen_time.astimezone(UTC), info.nonce)
    except (ValueError, KeyError) as error:
        raise BadToken("not a token that is understood") from error


def _in_order(der: bytes) -> bytes:
    """Return an answer with its certificates in the order that DER requires of sets.

    `openssl ts`, which several authorities run, does not order them, and `rfc3161-client` refuses that. They are not
    signed. Raises ValueError for anything but an answer with a token.
    """
    status, token = _split(_content_of(der))
    kind, wrapper = _split(_content_of(token))
    parts = [
        _encode(0xA0, b"".join(sorted(_split(_content_of(part))))) if part[0] == 0xA0 else part
        for part in _split(_content_of(_content_of(wrapper)))
    ]
    signed = _encode(0x30, b"".join(parts))
    return _encode(0x30, status + _encode(0x30, kind + _encode(wrapper[0], signed)))


def _header(der: bytes) -> tuple[int, int]:
    """Return the indices of the beginning and the end of this DER value's content. Raises ValueError."""
    if len(der) < 2:
        raise ValueError("no DER")
    start, size = 2, der[1]
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start])
        if start == 2:
            raise ValueError("no DER: its length is not said")
    if start + size > len(der):
        raise ValueError("no DER: cut")
    return start, start + size


def _content_of(der: bytes) -> bytes:
    start, end = _header(der)
    if end != len(der):
        raise ValueError("no DER: something follows")
    return der[start:end]


def _split(content: bytes) -> list[bytes]:
    values = []
    while content:
        _start, end = _header(content)
        values.append(content[:end])
        content = content[end:]
    return values


def _encode(tag: int, content: bytes) -> bytes:
    size = len(content)
    raw = size.to_bytes((size.bit_length() + 7) // 8 or 1)
    length = raw if size < 0x80 else bytes((0x80 | len(raw),)) + raw  # the shortest form, as DER requires
    return bytes((tag,)) + length + content


def _wrapped(der: bytes) -> rfc3161_client.TimeStampResponse:
    """Return a token within an answer that says « granted », as the library expects it."""
    if len(der) > TOKEN_MOST:
        raise BadToken("too long")
    try:
        return rfc3161_client.decode_timestamp_response(_encode(0x30, b"\x30\x03\x02\x01\x00" + der))
    except ValueError as error:
        raise BadToken("not a token") from error


def embedded_certificates(der: bytes) -> list[x509.Certificate]:
    """Return the certificates in a token, in no particular order. Raises BadToken."""
    try:
        return [x509.load_der_x509_certificate(bytes(one)) for one in _wrapped(der).signed_data.certificates]
    except ValueError as error:
        raise BadToken("certificates that cannot be read") from error


def build_chain(der: bytes, trusted: Sequence[x509.Certificate]) -> list[bytes]:
    """Return the DER of the certificates from the signer of this token to the first of `trusted`, the anchor.

    trusted: those that the operator gave, the anchor first, then intermediate ones. Raises BadToken, BadChain.
    """
    anchor = trusted[0]
    known = [*embedded_certificates(der), *trusted]
    try:
        (signer,) = _wrapped(der).signed_data.signer_infos
    except ValueError as error:
        raise BadToken("not one signature") from error
    found = next(
        (one for one in known if one.issuer == signer.issuer and one.serial_number == signer.serial_number), None
    )
    if found is None:
        raise BadChain("who signed sent no certificate")
    chain = [found]
    while chain[-1] != anchor:
        if len(chain) == CERTIFICATES_MOST:
            raise BadChain("too long")
        above = next((one for one in known if one not in chain and _is_issued_by(chain[-1], one)), None)
        if above is None:
            raise BadChain("it does not lead to the certificate that is trusted")
        chain.append(above)
    return [one.public_bytes(Encoding.DER) for one in chain]


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def read_chain(certificates: Sequence[bytes], *, at: datetime) -> list[x509.Certificate]:
    """Return these certificates if each was issued by the next one and was valid at that time, and the first may stamp.

    Raises BadChain.
    """
    try:
        chain = [x509.load_der_x509_certificate(one) for one in certificates]
        signs = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        issuers = [one.extensions.get_extension_for_class(x509.BasicConstraints).value for one in chain[1:]]
    except (ValueError, IndexError, x509.ExtensionNotFound, UnsupportedAlgorithm) as error:
        raise BadChain("not certificates of an authority") from error
    if not signs.critical or list(signs.value) != [x509.ExtendedKeyUsageOID.TIME_STAMPING]:
        raise BadChain("not for stamping")
    if not all(issuer.ca for issuer in issuers):
        raise BadChain("one of them issues none")
    if not all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in chain):
        raise BadChain("not good at that time")
    if not all(_is_issued_by(one, above) for one, above in itertools.pairwise(chain)):
        raise BadChain("one does not follow from the next")
    return chain


def verify_token(token: Token, chain: Sequence[x509.Certificate]) -> None:
    """Verify that the first certificate of the chain signed the token. Raises BadToken.

    `Token.is_of` verifies what was stamped. chain: as `read_chain` returns it.
    """
    builder = rfc3161_client.VerifierBuilder(
        tsa_certificate=chain[0], roots=[chain[-1]], intermediates=list(chain[1:-1])
    )
    try:
        builder.build().verify(_wrapped(token.der), token.imprint)
    except (rfc3161_client.VerificationError, ValueError) as error:
        raise BadToken("its signature does not hold") from error


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate's DER in hexadecimal, as browsers and authorities show it."""
    return hashlib.sha256(certificate).hexdigest()


def name_of(certificate: x509.Certificate) -> str:
    """Return the common name of the certificate's subject; "" when it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def read_trusted(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates of a PEM file: the anchor first, then intermediate ones. Raises BadChain."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise BadChain("not certificates in PEM") from error


def encode_base64(content: bytes) -> str:
    """Return bytes as canonical base64."""
    return base64.b64encode(content).decode()


def decode_base64(text: str) -> bytes:
    """Decode canonical base64, in which two texts never mean the same bytes. Raises ValueError for any other text."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64.b64encode(found).decode() != text:
        raise ValueError("not base64 in its only form")
    return found
