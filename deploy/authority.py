"""Certificates for the connections inside, and the accounts of Redis: `python deploy/authority.py /tls`.

Run by docker-compose.yml before everything else, and each day after that (`--daily`), as root and without a network.
Each service gets a folder of its own below the one that is named: `authority.pem`, whom all of them trust and nobody
else, and, but for the proxy, `certificate.pem` and `key.pem`. The key of an authority is never written: with its
process ends the possibility of making one more certificate.

A renewal has three steps, so that nobody ever meets a certificate that they do not trust yet:

1. PREPARED_BEFORE the end a new authority makes the next certificates. They lie beside those in use
   (`next-certificate.pem`, `next-key.pem`), and `authority.pem` holds both authorities.
2. SHOWN_BEFORE the end the next certificates take the place of those in use. Whoever read `authority.pem` since the
   first step, fifteen days ago, trusts them; whoever shows the old ones is trusted too.
3. When the old authority has ended it leaves `authority.pem`.

New connections of ours read the files again by themselves, and so does `web`; PostgreSQL, Redis and the proxy read them
again at their checks of health (docs/adr/0093). Where nothing usable is there, or with `--renew` because a key may have
leaked, everything is made anew at once, and the old authority is trusted no more: every service must be restarted.

Redis's folder gets `users.acl` too: who may enter there, and do what. REDIS_PASSWORD_FILE names the file of the
password; only its digest is written.

On plain machines (deploy/systemd/pnav-certificates.service) the accounts have other numbers: `--owners
postgres=postgres,redis=redis,web=pnav` says by name who reads the key of each folder. `--hosts
postgres=db1,postgres=db2` gives the certificate of a folder more hosts, where servers are found under the names of
their machines. A folder that it does not name keeps the hosts that its certificate has, so that a machine without the
list loses none; `postgres=postgres` takes them away.
"""

import hashlib
import os
import pwd
import re
import secrets
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LASTS = timedelta(days=397)
PREPARED_BEFORE = timedelta(days=60)
SHOWN_BEFORE = timedelta(days=45)
DAILY_SECONDS = 86_400


class Part(NamedTuple):
    """It is a part of the site that has a certificate.

    name: how it presents itself; for PostgreSQL, which role. host: where it is found. owner: who reads its key.
    """

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
    "backup": Part("pnav_backup", None, 999),  # docker-compose.backup.yml
}
TRUSTING = ("proxy",)  # they verify, and present nothing

NEXT = "next-"
HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)
type Hosts = Mapping[str, Sequence[str]]  # by folder

# What channels-redis, Django's cache, the limits (`common.network_limits`), late documents and redis-py's greeting use,
# and no more; on our keys and channels alone. `tests/scenarios/test_inside.py` runs them as this account.
COMMANDS = (
    "auth", "hello", "client|setinfo", "client|setname", "select", "ping", "quit",
    "publish", "subscribe", "unsubscribe",
    "get", "mget", "set", "mset", "incrby", "exists", "expire", "pexpire", "persist", "del", "multi", "exec",
    "watch", "unwatch", "bitfield", "expireat", "touch",
)  # fmt: skip


def users(password: str, prefix: str = "pnav", *, reload: str = "") -> str:
    """Return Redis's accounts: nobody without a name, and one that may notify, count and store below a prefix.

    reload: the password of the account by which Redis, in its own container, reads certificates and accounts again.
    """
    allowed = " ".join(f"+{command}" for command in COMMANDS)
    digest = hashlib.sha256(password.encode()).hexdigest()
    lines = ["user default off", f"user pnav on #{digest} ~{prefix}:* &{prefix}* -@all {allowed}"]
    if reload:
        digest = hashlib.sha256(reload.encode()).hexdigest()
        lines.append(f"user reload on #{digest} -@all +config|set +acl|load")
    return "".join(f"{line}\n" for line in lines)


def write_accounts(folder: Path, password: str, *, owners: Mapping[str, int] | None = None) -> None:
    """Write Redis's accounts where they are not as they should be; the password of `reload` is drawn once."""
    own = folder / "redis"
    owner = _owner("redis", owners)
    if not (own / "reload").exists():
        _write(own / "reload", secrets.token_urlsafe(32).encode(), mode=0o400, owner=owner)
    wanted = users(password, reload=(own / "reload").read_text()).encode()
    if not (own / "users.acl").exists() or (own / "users.acl").read_bytes() != wanted:
        _write(own / "users.acl", wanted, mode=0o400, owner=owner)


def make(folder: Path, *, now: datetime, owners: Mapping[str, int] | None = None, hosts: Hosts | None = None) -> None:
    """Make every certificate anew, by an authority that is forgotten at once. Nothing made before is trusted any more.

    owners: in the place of those of PARTS. Keys are given to them when this process is root. hosts: more hosts of the
    certificates, by folder; a folder that is not among them keeps those of the certificate that is replaced.
    """
    _forget_next(folder)
    trusted = _issue(folder, now=now, owners=owners, hosts=hosts)
    for place in (*PARTS, *TRUSTING):
        _write(folder / place / "authority.pem", trusted)


def _issue(
    folder: Path, *, now: datetime, owners: Mapping[str, int] | None, hosts: Hosts | None, prefix: str = ""
) -> bytes:
    """Sign a certificate for each part with a new authority, whose own certificate is returned.

    prefix: the beginning of the names of the files. A part that has no certificate yet, of a later version, gets it
    under its name.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Pnav, connexions intérieures, {now:%Y-%m-%d}")
    authority = (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
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
            more = (hosts or {}).get(place) or _read_names(folder / place)
            names = dict.fromkeys((part.host, "localhost", *more))
            alternatives = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
            builder = builder.add_extension(alternatives, critical=False)
        signed = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False).sign(key, hashes.SHA256())
        secret = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        begins = prefix if (folder / place / "authority.pem").exists() else ""
        _write(folder / place / f"{begins}key.pem", secret, mode=0o400, owner=_owner(place, owners))
        _write(folder / place / f"{begins}certificate.pem", signed.public_bytes(serialization.Encoding.PEM))
    return authority.public_bytes(serialization.Encoding.PEM)


def renew(folder: Path, *, now: datetime, owners: Mapping[str, int] | None = None, hosts: Hosts | None = None) -> str:
    """Do the next step of a renewal if one is due; what was done, in one line, or "" for nothing.

    A step that was broken off is done again by the next call: what is written first is trusted by whoever has it.
    """
    _finish_showing(folder)
    state = read_state(folder)
    if state is None:
        make(folder, now=now, owners=owners, hosts=hosts)
        return "new certificates; restart every service that runs"
    done = []
    if not state.has_next and (state.lacks_parts or state.ends_at < now + PREPARED_BEFORE):
        # Trusted before anybody can show what it signed: the part that was lacking shows it at once.
        trusted = _issue(folder, now=now, owners=owners, hosts=hosts, prefix=NEXT)
        _trust(folder, [*state.authorities, *x509.load_pem_x509_certificates(trusted)])
        done.append("the next certificates are prepared and trusted")
        state = read_state(folder) or state
    if state.has_next and state.ends_at < now + SHOWN_BEFORE:
        for place in PARTS:
            if (folder / place / f"{NEXT}certificate.pem").exists():
                # Between the two moments nobody can use the pair, and each goes on with what they read before.
                _show(folder / place, "key.pem")
                _show(folder / place, "certificate.pem")
        done.append("the next certificates are shown from now on")
        state = read_state(folder) or state
    left = [one for one in state.authorities if one.not_valid_after_utc > now]
    if left and len(left) < len(state.authorities):
        _trust(folder, left)
        done.append("the old authority has ended and is trusted no more")
    return "; ".join(done)


class State(NamedTuple):
    """It is what lies in the folders. authorities: whom all parts trust, the oldest first. ends_at: the first end of a
    certificate in use. has_next: the next ones are prepared, all or some. lacks_parts: a part of PARTS has none.
    """

    authorities: list[x509.Certificate]
    ends_at: datetime
    has_next: bool
    lacks_parts: bool


def read_state(folder: Path) -> State | None:
    """Return the state of the folder; None when a file is missing or unreadable, or a part would not be trusted."""
    there = [place for place in PARTS if (folder / place / "authority.pem").exists()]
    try:
        trusted = [x509.load_pem_x509_certificates((folder / place / "authority.pem").read_bytes())
                   for place in (*there, *TRUSTING)]  # fmt: skip
        # While `_trust` is broken off some know one more: what all of them know counts.
        common = [one for one in trusted[0] if all(one in others for others in trusted)]
        ends = []
        for place in there:
            one = _load_own(folder / place, "")
            if not any(_is_of(one, authority) for authority in common) or one.subject != _name(PARTS[place].name):
                raise ValueError("of somebody else")
            ends.append(one.not_valid_after_utc)
        if not ends:
            return None
        has_next = any((folder / place / f"{NEXT}certificate.pem").exists() for place in PARTS)
        if has_next:
            for place in there:
                following = folder / place / f"{NEXT}certificate.pem"
                if following.exists() and not any(_is_of(_load_own(folder / place, NEXT), one) for one in common):
                    # Broken off before all trusted it: made again.
                    _forget_next(folder)
                    has_next = False
                    break
    except (OSError, ValueError, TypeError) as error:
        print(f"authority: made anew ({type(error).__name__})")  # noqa: T201
        return None
    ordered = sorted(common, key=lambda one: one.not_valid_after_utc)
    return State(ordered, min(ends), has_next, lacks_parts=len(there) < len(PARTS))


def _load_own(folder: Path, prefix: str) -> x509.Certificate:
    """Return a certificate whose key is beside it. Raises ValueError when the two do not belong together."""
    one = x509.load_pem_x509_certificate((folder / f"{prefix}certificate.pem").read_bytes())
    key = serialization.load_pem_private_key((folder / f"{prefix}key.pem").read_bytes(), None)
    if key.public_key() != one.public_key():
        raise ValueError("the key of another certificate")
    return one


def _read_names(folder: Path) -> list[str]:
    """Return the hosts of the certificate in use; none where there is no certificate that can be read."""
    try:
        one = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
        found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except FileNotFoundError:
        return []
    except (ValueError, x509.ExtensionNotFound) as error:
        print(f"authority: the hosts of {folder.name} were not read ({type(error).__name__})")  # noqa: T201
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _is_of(one: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _trust(folder: Path, authorities: Iterable[x509.Certificate]) -> None:
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in authorities)
    for place in (*PARTS, *TRUSTING):
        _write(folder / place / "authority.pem", pem)


def _finish_showing(folder: Path) -> None:
    """Put the next certificate in its place in a part whose next key is there already.

    A process that was killed between the two left it so.
    """
    for place in PARTS:
        following = folder / place / f"{NEXT}certificate.pem"
        if following.exists() and not (folder / place / f"{NEXT}key.pem").exists():
            _show(folder / place, "certificate.pem")


def _show(folder: Path, name: str) -> None:
    """Put the next one in its place, as a file of now: checks of health look for those newer than what they know."""
    (folder / f"{NEXT}{name}").touch()
    (folder / f"{NEXT}{name}").replace(folder / name)


def _forget_next(folder: Path) -> None:
    for place in PARTS:
        for name in ("key.pem", "certificate.pem"):
            (folder / place / f"{NEXT}{name}").unlink(missing_ok=True)


def _owner(place: str, owners: Mapping[str, int] | None) -> int:
    return (owners or {}).get(place, PARTS[place].owner)


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
    """Write a file at once, so that others never read a part of it or a wrong mode in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.chmod(mode)
    if owner is not None and os.geteuid() == 0:
        os.chown(partial, owner, -1)
    partial.replace(path)


def read_owners(value: str) -> dict[str, int]:
    """Return the account that reads the key of each folder, from `postgres=postgres,web=pnav`.

    Raises ValueError for a folder that does not exist here, and for an account that this machine does not have.
    """
    owners = {}
    for pair in value.split(","):
        place, _equals, account = pair.partition("=")
        if place not in PARTS:
            raise ValueError(f"no folder is called {place!r}: {', '.join(PARTS)}")
        try:
            owners[place] = pwd.getpwnam(account).pw_uid
        except KeyError as error:
            raise ValueError(f"this machine has no account {account!r}") from error
    return owners


def read_hosts(value: str) -> dict[str, list[str]]:
    """Return the further hosts of each folder's certificate, from `postgres=db1,postgres=db2`; "" is nobody.

    Raises ValueError for a folder that serves nobody, and for what is no name of a host.
    """
    hosts: dict[str, list[str]] = {}
    for pair in filter(None, value.split(",")):
        place, _equals, host = pair.partition("=")
        serving = [name for name, part in PARTS.items() if part.host]
        if place not in serving:
            raise ValueError(f"no folder of a server is called {place!r}: {', '.join(serving)}")
        if not HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no name of a host")
        hosts.setdefault(place, []).append(host)
    return hosts


def main(folder: Path, *options: str) -> int:
    try:
        hosts = read_hosts(options[options.index("--hosts") + 1]) if "--hosts" in options else None
        owners = read_owners(options[options.index("--owners") + 1]) if "--owners" in options else None
        password = Path(os.environ["REDIS_PASSWORD_FILE"]).read_text().strip()
    except KeyError:
        print("authority: REDIS_PASSWORD_FILE must name the file of the password of Redis")  # noqa: T201
        return 1
    except (IndexError, OSError, ValueError) as error:
        print(f"authority: {error}")  # noqa: T201
        return 1
    if len(password) < 20:
        print("authority: the password of Redis must have 20 characters or more")  # noqa: T201
        return 1
    while True:
        now = datetime.now(UTC)
        if "--renew" in options:
            make(folder, now=now, owners=owners, hosts=hosts)
            done = "new certificates; restart every service that runs"
        else:
            done = renew(folder, now=now, owners=owners, hosts=hosts)
        if done:
            print(f"authority: {done}", flush=True)  # noqa: T201
        write_accounts(folder, password, owners=owners)
        if "--daily" not in options:
            return 0
        time.sleep(DAILY_SECONDS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
