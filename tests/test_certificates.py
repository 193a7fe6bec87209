"""The remaining days of each certificate that the settings name are reported before it expires."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.data_keys import router
from deploy import authority
from pnav import certificates
from pnav.checks import certificates_last

NOW = datetime.now(UTC)


def folder_of(path: Path, *, made_on: datetime) -> Path:
    authority.make(path, now=made_on)
    return path / "web"


def use(settings, monkeypatch, tls: Path) -> None:
    options = {"sslrootcert": str(tls / "authority.pem"), "sslcert": str(tls / "certificate.pem")}
    monkeypatch.setitem(settings.DATABASES, "default", {**settings.DATABASES["default"], "OPTIONS": options})
    settings.REDIS_URL = f"rediss://redis/0?ssl_ca_certs={tls}/authority.pem&ssl_certfile={tls}/certificate.pem"
    monkeypatch.setenv("WEB_CERTIFICATE", str(tls / "certificate.pem"))


USES = {"postgresql_authority", "postgresql_client", "redis_authority", "redis_client", "web"}


def test_every_certificate_that_is_named_is_told(settings, monkeypatch, tmp_path):
    use(settings, monkeypatch, folder_of(tmp_path, made_on=NOW))
    ends = certificates.read_ends()
    assert set(ends) == USES
    assert {end.date() for end in ends.values()} == {(NOW + authority.LASTS).date()}


def test_keys_server_has_its_own_where_its_files_are_others(settings, monkeypatch, tmp_path):
    """In Kubernetes the two servers have an authority each, and that of the keys was watched by nobody."""
    use(settings, monkeypatch, folder_of(tmp_path / "one", made_on=NOW))
    other = folder_of(tmp_path / "two", made_on=NOW - timedelta(days=390))
    same = settings.DATABASES["default"]["OPTIONS"]
    options = {**same, "sslrootcert": f"{other}/authority.pem"}
    monkeypatch.setitem(settings.DATABASES, router.ALIAS, {"OPTIONS": options})
    ends = certificates.read_ends()
    assert set(ends) == USES | {"data_keys_authority"}
    assert [(message.id, message.msg) for message in certificates_last(None)] == [
        ("pnav.W024", "The certificate « data_keys_authority » ends in 6 days.")
    ]
    monkeypatch.setitem(settings.DATABASES, router.ALIAS, {"OPTIONS": dict(same)})
    assert set(certificates.read_ends()) == USES


def test_a_site_without_any_has_none_to_tell(settings, monkeypatch):
    monkeypatch.delenv("WEB_CERTIFICATE", raising=False)
    settings.REDIS_URL = "unix:///run/valkey.sock"
    monkeypatch.setitem(settings.DATABASES, "default", {"OPTIONS": {"sslrootcert": "system"}})
    assert certificates.read_ends() == {}
    assert certificates_last(None) == []


@pytest.mark.parametrize(
    ("days", "found"),
    [(0, []), (356, []), (358, ["pnav.W024"]), (396, ["pnav.W024"]), (398, ["pnav.E006"])],
)
def test_check_warns_when_the_authority_has_not_renewed_and_errs_when_it_is_over(
    settings, monkeypatch, tmp_path, days, found
):
    """A year of the internal certificates, as an operator who runs the check sees it."""
    use(settings, monkeypatch, folder_of(tmp_path, made_on=NOW - timedelta(days=days)))
    messages = certificates_last(None)
    assert [message.id for message in messages] == found * len(USES)
    assert all(str(tmp_path) not in message.msg for message in messages)
    # Where it ran each day, there is nothing to report.
    state = authority.read_state(tmp_path)
    assert state is not None
    if found:
        assert state.ends_at - NOW < authority.SHOWN_BEFORE
        assert "shown" in authority.renew(tmp_path, now=NOW) and certificates_last(None) == []


def test_file_that_cannot_be_read_is_an_error(settings, monkeypatch, tmp_path):
    tls = folder_of(tmp_path, made_on=NOW)
    (tls / "certificate.pem").chmod(0o600)
    (tls / "certificate.pem").write_text("not a certificate")
    use(settings, monkeypatch, tls)
    assert {message.id for message in certificates_last(None)} == {"pnav.E005"}


def test_of_two_authorities_the_one_that_lasts_counts_and_of_a_chain_its_owner(tmp_path):
    """Both authorities are trusted while one takes over from the other."""
    old = folder_of(tmp_path / "old", made_on=NOW - timedelta(days=390))
    new = folder_of(tmp_path / "new", made_on=NOW)
    both = tmp_path / "both.pem"
    both.write_bytes((old / "authority.pem").read_bytes() + (new / "authority.pem").read_bytes())
    assert (certificates.ends_at(both, is_authority=True) - NOW).days > 390
    chain = tmp_path / "chain.pem"
    chain.write_bytes((old / "certificate.pem").read_bytes() + (new / "authority.pem").read_bytes())
    assert (certificates.ends_at(chain, is_authority=False) - NOW).days < 10
