"""The authority of the connections inside: what it makes, for whom, and that nothing of it is left."""

import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from deploy import authority

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ME = dict.fromkeys(authority.PARTS, os.geteuid())
WORD = "a-password-of-redis-for-this-test"


@pytest.fixture
def folder(tmp_path):
    authority.make(tmp_path, now=NOW, owners=ME)
    return tmp_path


def load(path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("place", ["postgres", "keys", "redis", "web"])
def test_server_is_verified_by_its_name_and_no_other(folder, place):
    store = Store([load(folder / "proxy/authority.pem")])
    own = load(folder / place / "certificate.pem")

    def verify(host: str, at: datetime) -> None:
        PolicyBuilder().store(store).time(at).build_server_verifier(x509.DNSName(host)).verify(own, [])

    later = NOW + timedelta(days=300)
    for host in (place, "localhost"):
        verify(host, later)
    for host, at in (("another", later), (place, NOW + authority.LASTS + timedelta(days=1))):
        with pytest.raises(VerificationError):
            verify(host, at)


def test_owner_of_the_schema_serves_nobody(folder):
    uses = load(folder / "owner/certificate.pem").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_keys_are_for_their_owner_alone_and_each_is_another(folder):
    keys = {place: folder / place / "key.pem" for place in authority.PARTS}
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.values()} == {0o400}
    assert len({path.read_bytes() for path in keys.values()}) == len(keys)
    for place, path in keys.items():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert key.public_key() == load(folder / place / "certificate.pem").public_key()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_keys_are_given_to_the_accounts_of_the_images(tmp_path):
    authority.make(tmp_path, now=NOW)
    for place, part in authority.PARTS.items():
        assert (tmp_path / place / "key.pem").stat().st_uid == part.owner


def test_key_of_the_authority_is_nowhere(folder):
    public = load(folder / "web/authority.pem").public_key()
    for path in folder.rglob("key.pem"):
        assert serialization.load_pem_private_key(path.read_bytes(), None).public_key() != public
    names = {"key.pem", "certificate.pem", "authority.pem"}
    assert {path.name for path in folder.rglob("*") if path.is_file()} == names
    assert [path.name for path in (folder / "proxy").iterdir()] == ["authority.pem"]


def test_main_keeps_what_is_good(tmp_path, monkeypatch, capsys):
    (tmp_path / "word").write_text(WORD + "\n")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "word"))
    monkeypatch.setattr(authority, "PARTS", {name: part._replace(owner=-1) for name, part in authority.PARTS.items()})
    tls = tmp_path / "tls"
    assert authority.main(tls) == 0 and "restart every service" in capsys.readouterr().out
    first = (tls / "web/certificate.pem").read_bytes()
    assert authority.main(tls) == 0 and "new certificates" not in capsys.readouterr().out
    assert (tls / "web/certificate.pem").read_bytes() == first
    assert authority.main(tls, "--renew") == 0
    assert (tls / "web/certificate.pem").read_bytes() != first
    users = tls / "redis/users.acl"
    assert users.read_text() == authority.users(WORD) and stat.S_IMODE(users.stat().st_mode) == 0o400
    assert WORD not in users.read_text()
    (tmp_path / "word").write_text("short")
    assert authority.main(tls) == 1


def test_is_good_sees_what_is_missing_mixed_or_old(folder, tmp_path_factory):
    assert authority.is_good(folder, now=NOW)
    assert authority.is_good(folder, now=NOW + authority.LASTS - authority.RENEWED_BEFORE - timedelta(hours=1))
    assert not authority.is_good(folder, now=NOW + authority.LASTS - authority.RENEWED_BEFORE + timedelta(hours=1))
    assert not authority.is_good(tmp_path_factory.mktemp("empty"), now=NOW)
    other = tmp_path_factory.mktemp("other")
    authority.make(other, now=NOW, owners=ME)
    kept = (folder / "web/certificate.pem").read_bytes()
    for content in (
        (other / "web/certificate.pem").read_bytes(),  # of another authority
        (folder / "owner/certificate.pem").read_bytes(),  # of somebody else
        b"no certificate",
    ):
        (folder / "web/certificate.pem").chmod(0o644)
        (folder / "web/certificate.pem").write_bytes(content)
        assert not authority.is_good(folder, now=NOW)
    (folder / "web/certificate.pem").write_bytes(kept)
    assert authority.is_good(folder, now=NOW)
    (folder / "redis/key.pem").unlink()
    assert not authority.is_good(folder, now=NOW)
