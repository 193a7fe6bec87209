"""Time-stamping authorities of this machine, which sign with `openssl ts`, and the server with which they answer."""

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

type Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)

# Key usages that a certificate for time stamps must not have.
OTHER_USES = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
certs = {folder}/certs.pem
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def certify(
    name: str, key: Key, *, issuer: str, by: Key, is_authority: bool, until: datetime = UNTIL, stamps: bool = True
) -> x509.Certificate:
    """Return a certificate of `name`, signed by the key of `issuer`."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SINCE)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        purpose = x509.ExtendedKeyUsageOID.TIME_STAMPING if stamps else x509.ExtendedKeyUsageOID.CODE_SIGNING
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        usage = dict.fromkeys(OTHER_USES, False)
        builder = builder.add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
    return builder.sign(by, hashes.SHA256())


@dataclass
class LocalAuthority:
    """A time-stamping authority of this machine.

    folder: its keys and certificates; trusted.pem in it is what an operator trusts. mode: how it answers over HTTP: «
    well », « away » (503), « moved » (a redirect), « junk », « long », « other » (it stamps something else).
    """

    name: str
    folder: Path
    mode: str = "well"
    asked: list[bytes] = field(default_factory=list)

    @property
    def trusted(self) -> Path:
        return self.folder / "trusted.pem"

    def reply(self, query: bytes) -> bytes:
        """Return what `openssl ts` answers."""
        asked = self.folder / "asked.tsq"
        asked.write_bytes(query)
        done = subprocess.run(
            ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", asked],
            capture_output=True,
            check=True,
        )
        return done.stdout


def make_authority(
    name: str, folder: Path, *, curve: bool = False, between: bool = False, digest: str = "sha256"
) -> LocalAuthority:
    """Return an authority with keys of its own. curve: ECDSA P-256, and RSA by default. between: whether there is a
    certificate between the anchor and the one that signs.
    """
    folder.mkdir()

    def draw() -> Key:
        return ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, 2048)

    anchor_key, key = draw(), draw()
    anchor = certify(f"{name} anchor", anchor_key, issuer=f"{name} anchor", by=anchor_key, is_authority=True)
    others = []
    issuer, by = f"{name} anchor", anchor_key
    if between:
        middle_key = draw()
        others.append(certify(f"{name} between", middle_key, issuer=issuer, by=by, is_authority=True))
        issuer, by = f"{name} between", middle_key
    signer = certify(name, key, issuer=issuer, by=by, is_authority=False)
    (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    (folder / "signer.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in [anchor, *others])
    (folder / "trusted.pem").write_bytes(pem)
    (folder / "certs.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in [*others, anchor]))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder, digest=digest))
    return LocalAuthority(name, folder)


def _handler(authority: LocalAuthority) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(query)
            status, content = 200, b""
            if authority.mode == "well":
                content = authority.reply(query)
            elif authority.mode == "junk":
                content = b"<html>Bonjour</html>"
            elif authority.mode == "long":
                content = bytes(200_000)
            elif authority.mode == "other":
                content = authority.reply(authority.asked[0])
            else:
                status = 503 if authority.mode == "away" else 302
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")  # type: ignore[attr-defined]
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


@contextmanager
def serving(authority: LocalAuthority) -> Iterator[str]:
    """Yield the address at which it answers, on this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(authority))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
