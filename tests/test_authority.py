"""The authority of the internal connections: what it makes, for whom, and that it leaves nothing behind."""

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
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


def names(folder, place: str) -> list[str]:
    found = load(folder / place / "certificate.pem").extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def test_two_machines_that_share_a_certificate_are_verified_by_their_names_also_after_a_renewal(tmp_path):
    hosts = authority.read_hosts("postgres=db1,,postgres=db2.example,keys=db2.example,")
    assert hosts == {"postgres": ["db1", "db2.example"], "keys": ["db2.example"]}
    assert authority.read_hosts("") == {}
    authority.make(tmp_path, now=NOW, owners=ME, hosts=hosts)
    made = (tmp_path / "postgres/certificate.pem").read_bytes()
    for _time in ("made", "renewed"):
        assert names(tmp_path, "postgres") == ["postgres", "localhost", "db1", "db2.example"]
        assert names(tmp_path, "keys") == ["keys", "localhost", "db2.example"]
        assert names(tmp_path, "web") == ["web", "localhost"]
        authority.renew(tmp_path, now=NOW + timedelta(days=360), owners=ME, hosts=hosts)
    assert (tmp_path / "postgres/certificate.pem").read_bytes() != made


@pytest.mark.parametrize("hosts", [None, {}, {"redis": ["db9"]}])
def test_machine_without_the_list_of_names_renews_certificates_without_losing_one(tmp_path, hosts):
    """The list was on the machine that is lost; the other one makes the certificates from now on."""
    kept = ["postgres", "localhost", "db1", "db2"]
    authority.make(tmp_path, now=NOW, owners=ME, hosts={"postgres": ["db1", "db2"]})
    for day, done in ((338, "prepared"), (353, "shown"), (900, "shown")):
        before = (tmp_path / "postgres/certificate.pem").read_bytes()
        assert done in authority.renew(tmp_path, now=NOW + timedelta(days=day), owners=ME, hosts=hosts)
        assert names(tmp_path, "postgres") == kept, day
        assert ((tmp_path / "postgres/certificate.pem").read_bytes() != before) is (done == "shown")
    authority.make(tmp_path, now=NOW, owners=ME, hosts=hosts)
    assert names(tmp_path, "postgres") == kept, "made anew, as after a leak"
    authority.make(tmp_path, now=NOW, owners=ME, hosts={"postgres": ["db2"]})
    assert names(tmp_path, "postgres") == ["postgres", "localhost", "db2"], "the list counts where it names the folder"
    authority.make(tmp_path, now=NOW, owners=ME, hosts=authority.read_hosts("postgres=postgres"))
    assert names(tmp_path, "postgres") == ["postgres", "localhost"]


def test_names_of_a_certificate_that_cannot_be_read_are_lost_and_this_is_told(folder, capsys):
    for place in ("postgres", "redis"):
        (folder / place / "certificate.pem").chmod(0o644)
    (folder / "postgres/certificate.pem").write_text("no certificate")
    (folder / "redis/certificate.pem").write_bytes((folder / "owner/certificate.pem").read_bytes())
    assert "restart every service" in renew(folder, 1)
    told = capsys.readouterr().out
    assert "the hosts of postgres were not read" in told and "the hosts of redis were not read" in told
    assert names(folder, "postgres") == ["postgres", "localhost"] and names(folder, "redis") == ["redis", "localhost"]


@pytest.mark.parametrize(
    "wrong", ["postgres", "postgres=", "owner=db1", "nothing=db1", "postgres=db1;id", "postgres=*"]
)
def test_names_that_are_no_hosts_of_a_server_are_refused(wrong):
    with pytest.raises(ValueError, match=r"no folder of a server|no name of a host"):
        authority.read_hosts(wrong)


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
    first = {path: path.read_bytes() for path in tls.rglob("*") if path.is_file()}
    assert authority.main(tls) == 0 and capsys.readouterr().out == ""
    assert {path: path.read_bytes() for path in tls.rglob("*") if path.is_file()} == first
    assert authority.main(tls, "--renew") == 0
    assert (tls / "web/certificate.pem").read_bytes() != first[tls / "web/certificate.pem"]
    users, own = tls / "redis/users.acl", (tls / "redis/reload").read_text()
    assert users.read_text() == authority.users(WORD, reload=own)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (users, tls / "redis/reload")} == {0o400}
    assert WORD not in users.read_text() and own not in users.read_text() and len(own) > 40
    (tmp_path / "word").write_text("short")
    assert authority.main(tls) == 1


def test_main_looks_each_day_where_it_is_asked_to(tmp_path, monkeypatch):
    (tmp_path / "word").write_text(WORD)
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "word"))
    monkeypatch.setattr(authority, "PARTS", {name: part._replace(owner=-1) for name, part in authority.PARTS.items()})
    slept = []

    class Enough(Exception):
        pass

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise Enough

    monkeypatch.setattr(authority.time, "sleep", sleep)
    with pytest.raises(Enough):
        authority.main(tmp_path / "tls", "--daily")
    assert slept == [86_400] * 3


# --- renewal ------------------------------------------------------------------------------------------------------


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def renew(folder, day: float) -> str:
    return authority.renew(folder, now=days(day), owners=ME)


def read(folder) -> dict:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def trusted_by(folder, place: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((folder / place / "authority.pem").read_bytes())


def is_accepted(shown: x509.Certificate, by: list[x509.Certificate], at: datetime, host: str) -> bool:
    """Return whether somebody who trusts these authorities accepts this certificate for the server of that name."""
    try:
        PolicyBuilder().store(Store(by)).time(at).build_server_verifier(x509.DNSName(host)).verify(shown, [])
    except VerificationError:
        return False
    return True


def test_two_years_of_days_nobody_meets_what_they_do_not_trust(folder):
    """The clock is given.

    A server shows, and a client trusts, what it read when it last looked at its files, once a fortnight. Each looks on
    days of its own. The authority runs each day.
    """
    held = {
        place: (load(folder / place / "certificate.pem"), trusted_by(folder, place)) for place in ("postgres", "web")
    }
    shown, steps, most = {held["postgres"][0].serial_number}, [], 0
    for day in range(2 * 365):
        if done := renew(folder, day):
            steps.append((day, done))
        for offset, place in enumerate(held):
            if (day + 5 * offset) % 14 == 0:
                held[place] = (load(folder / place / "certificate.pem"), trusted_by(folder, place))
        for one, other in (("postgres", "web"), ("web", "postgres")):
            assert is_accepted(held[one][0], held[other][1], days(day), one), (day, one)
        shown.add(held["postgres"][0].serial_number)
        most = max(most, len(trusted_by(folder, "proxy")))
    assert len(shown) == 3 and most == 2
    assert [day for day, _done in steps[:3]] == [338, 353, 397]
    assert steps[0][1] == "the next certificates are prepared and trusted"
    assert steps[1][1] == "the next certificates are shown from now on"
    assert steps[2][1] == "the old authority has ended and is trusted no more"


def test_nothing_is_shown_before_everybody_could_trust_it(folder):
    before = read(folder)
    assert renew(folder, 337) == "" and read(folder) == before
    assert "prepared" in renew(folder, 338)
    after = read(folder)
    assert {path for path in before if path.name != "authority.pem"} <= {p for p in after if after[p] == before.get(p)}
    following = load(folder / "postgres/next-certificate.pem")
    for place in (*authority.PARTS, "proxy"):
        assert len(trusted_by(folder, place)) == 2
        assert is_accepted(following, trusted_by(folder, place), days(339), "postgres")
    assert not is_accepted(
        following, x509.load_pem_x509_certificates(before[Path("web/authority.pem")]), days(339), "postgres"
    )
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*key.pem")} == {0o400}
    assert renew(folder, 352) == ""
    looked = folder / "looked"
    looked.touch()  # touched by the clock of files, which is some milliseconds behind the other one
    read_at = looked.stat().st_mtime_ns
    assert "shown" in renew(folder, 353) and load(folder / "postgres/certificate.pem") == following
    assert not list(folder.rglob("next-*")) and renew(folder, 354) == ""
    # They were made long before they are shown, and still count as newer when one looks at the times of the files.
    assert all((folder / "web" / name).stat().st_mtime_ns >= read_at for name in ("key.pem", "certificate.pem"))


def test_machine_that_was_off_for_a_year_shows_new_certificates_at_its_start(folder):
    assert renew(folder, 500) == (
        "the next certificates are prepared and trusted; the next certificates are shown from now on; "
        "the old authority has ended and is trusted no more"
    )
    own = load(folder / "redis/certificate.pem")
    assert is_accepted(own, trusted_by(folder, "web"), days(500), "redis") and len(trusted_by(folder, "web")) == 1


def test_part_of_a_later_version_comes_in_without_a_restart_of_the_others(folder):
    """This is as when an operator updates: the folder of the new part is empty."""
    shutil.rmtree(folder / "backup")
    before = read(folder)
    assert "prepared" in renew(folder, 100)
    after = read(folder)
    assert all(after[path] == before[path] for path in before if path.name != "authority.pem")
    own = load(folder / "backup/certificate.pem")
    assert own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "pnav_backup"
    assert any(one.subject == own.issuer for one in trusted_by(folder, "postgres")) and renew(folder, 101) == ""
    assert "shown" in renew(folder, 353)
    assert {load(folder / place / "certificate.pem").issuer for place in authority.PARTS} == {own.issuer}


class Killed(Exception):
    pass


@pytest.mark.parametrize("day", [338, 353, 398])
def test_process_that_is_killed_in_a_step_leaves_something_that_works_and_is_finished(tmp_path, monkeypatch, day):
    """The authority is killed before each change of a file in turn. A process that reads then, or after the next run,
    is trusted.
    """
    at = 0
    while True:
        folder = tmp_path / f"{at}"
        authority.make(folder, now=NOW, owners=ME)
        for earlier in [one for one in (338, 353, 398) if one < day]:
            assert renew(folder, earlier)
        left = at
        with monkeypatch.context() as patched:

            def replace(self, target, *, real=Path.replace):
                nonlocal left
                if left == 0:
                    raise Killed
                left -= 1
                return real(self, target)

            patched.setattr(Path, "replace", replace)
            try:
                renew(folder, day)
                break
            except Killed:
                pass
        assert "restart" not in renew(folder, day + 1), f"killed before change {at}"
        for place in ("postgres", "redis", "web"):
            own = load(folder / place / "certificate.pem")
            for other in (*authority.PARTS, "proxy"):
                assert is_accepted(own, trusted_by(folder, other), days(day + 1), place), (at, place, other)
            key = serialization.load_pem_private_key((folder / place / "key.pem").read_bytes(), None)
            assert key.public_key() == own.public_key()
        at += 1
    assert at > 5


def test_key_that_may_have_leaked_is_trusted_no_more(folder):
    renew(folder, 340)
    stolen = load(folder / "web/certificate.pem"), load(folder / "web/next-certificate.pem")
    authority.make(folder, now=days(341), owners=ME)
    for one in stolen:
        assert not is_accepted(one, trusted_by(folder, "postgres"), days(341), "web")
    assert not list(folder.rglob("next-*"))


def test_what_cannot_be_used_is_made_anew(folder, tmp_path_factory, capsys):
    other = tmp_path_factory.mktemp("other")
    authority.make(other, now=NOW, owners=ME)
    for content in (
        (other / "web/certificate.pem").read_bytes(),  # a certificate of another authority
        (folder / "owner/certificate.pem").read_bytes(),  # a certificate of somebody else
        b"no certificate",
    ):
        (folder / "web/certificate.pem").chmod(0o644)
        (folder / "web/certificate.pem").write_bytes(content)
        assert "restart every service" in renew(folder, 1)
        assert renew(folder, 1) == ""
    (folder / "redis/key.pem").unlink()
    assert "restart every service" in renew(folder, 1)
    assert "restart every service" in authority.renew(tmp_path_factory.mktemp("empty"), now=NOW, owners=ME)
