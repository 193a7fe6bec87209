"""Certificates for the connections inside, and the accounts of Redis: `python deploy/authority.py /tls`.

Run once before everything else by docker-compose.yml, as root and without a network. Each service gets a folder of its
own below the one that is named: `authority.pem`, which all of them trust and nothing else does, and, but for the proxy,
`certificate.pem` and `key.pem`. The authority's own key is never written: with its process ends the possibility of
making one more certificate. When something is missing, or less than RENEWED_BEFORE is left, everything is made anew,
and every service must be restarted; otherwise the certificates stay as they are.

Redis's folder gets `users.acl` too: who may enter there, and do what. REDIS_PASSWORD_FILE names the file of the
password; only its digest is written.
"""

import hashlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LASTS = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=60)


class Part(NamedTuple):
    """name: how it presents itself; for PostgreSQL, which role. host: where it is found. owner: who reads its key."""

    name: str
    host: str | None
    owner: int


# By folder. The owners are the accounts of the images of PostgreSQL and Redis, and of ours.
PARTS = {
    "postgres": Part("postgres", "postgres", 999),
    "keys": Part("keys", "keys", 999),
    "redis": Part("redis", "redis", 999),
    "owner": Part("pnav", None, 10001),
    "web": Part("pnav_web", "web", 10001),
}
TRUSTING = ("proxy",)  # they verify, and present nothing

# What channels-redis, Django's cache, the limits (`common.network_limits`) and redis-py's greeting use, and no more; on
# our keys and channels alone. `tests/scenarios/test_inside.py` runs them as this account.
COMMANDS = (
    "auth", "hello", "client|setinfo", "client|setname", "select", "ping", "quit",
    "publish", "subscribe", "unsubscribe",
    "get", "mget", "set", "mset", "incrby", "exists", "expire", "pexpire", "persist", "del", "multi", "exec",
    "bitfield", "expireat", "touch",
)  # fmt: skip


def users(password: str, prefix: str = "pnav") -> str:
    """Redis's accounts: nobody without a name, and one that may ring, count and remember below a prefix."""
    allowed = " ".join(f"+{command}" for command in COMMANDS)
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"user default off\nuser pnav on #{digest} ~{prefix}:* &{prefix}* -@all {allowed}\n"


def make(folder: Path, *, now: datetime, owners: dict[str, int] | None = None) -> None:
    """Make every certificate anew, by an authority that is forgotten at once.

    owners: in the place of those of PARTS. Keys are given to them when this process is root.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Pnav, connexions intérieures, {now:%Y-%m-%d}")
    authority = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted = authority.public_bytes(serialization.Encoding.PEM)
    for place, part in PARTS.items():
        own = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_name(part.name), name, own.public_key(), now)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if part.host:
            uses.append(ExtendedKeyUsageOID.SERVER_AUTH)
            # localhost: for the checks of health inside its own container.
            hosts = x509.SubjectAlternativeName([x509.DNSName(part.host), x509.DNSName("localhost")])
            builder = builder.add_extension(hosts, critical=False)
        signed = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False).sign(key, hashes.SHA256())
        secret = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        owner = (owners or {}).get(place, part.owner)
        _write(folder / place / "key.pem", secret, mode=0o400, owner=owner)
        _write(folder / place / "certificate.pem", signed.public_bytes(serialization.Encoding.PEM))
    for place in (*PARTS, *TRUSTING):
        _write(folder / place / "authority.pem", trusted)


def is_good(folder: Path, *, now: datetime) -> bool:
    """Whether everything is there, of one authority, and lasts for a while yet."""
    try:
        trusted = {(folder / place / "authority.pem").read_bytes() for place in (*PARTS, *TRUSTING)}
        if len(trusted) != 1 or not all((folder / place / "key.pem").exists() for place in PARTS):
            return False
        authority = x509.load_pem_x509_certificate(trusted.pop())
        for place, part in PARTS.items():
            one = x509.load_pem_x509_certificate((folder / place / "certificate.pem").read_bytes())
            one.verify_directly_issued_by(authority)
            if one.subject != _name(part.name) or one.not_valid_after_utc < now + RENEWED_BEFORE:
                return False
    except (OSError, ValueError, TypeError, InvalidSignature) as error:
        print(f"authority: made anew ({type(error).__name__})")  # noqa: T201
        return False
    return True


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks of machines differ
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _write(path: Path, content: bytes, *, mode: int = 0o444, owner: int | None = None) -> None:
    """Whole or not at all, and never readable by others in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.chmod(mode)
    if owner is not None and os.geteuid() == 0:
        os.chown(partial, owner, -1)
    partial.replace(path)


def main(folder: Path, *options: str) -> int:
    now = datetime.now(UTC)
    if "--renew" in options or not is_good(folder, now=now):
        make(folder, now=now)
        print("authority: new certificates; restart every service that runs")  # noqa: T201
    password = Path(os.environ["REDIS_PASSWORD_FILE"]).read_text().strip()
    if len(password) < 20:
        print("authority: the password of Redis must have 20 characters or more")  # noqa: T201
        return 1
    _write(folder / "redis" / "users.acl", users(password).encode(), mode=0o400, owner=PARTS["redis"].owner)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
