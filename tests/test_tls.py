"""`web` shows the certificate that its file holds now, and keeps the one before while the new one cannot be used."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ServerEndpoint
from twisted.internet.error import VerifyError

from deploy import authority
from pnav import certificates
from pnav.server import entry
from pnav.server.tls import LOOKED_SECONDS, FileContext, endpoint_of

# Twisted still uses an argument that pyOpenSSL has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
NOW = datetime.now(UTC)
ME = dict.fromkeys(authority.PARTS, os.geteuid())


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def later(self) -> None:
        self.seconds += LOOKED_SECONDS


@pytest.fixture(autouse=True)
def _shown(monkeypatch):
    monkeypatch.setattr(certificates, "shown", {})


@pytest.fixture
def folder(tmp_path):
    authority.make(tmp_path, now=NOW, owners=ME)
    return tmp_path


@pytest.fixture
def clock():
    return Clock()


def context_of(folder, clock) -> FileContext:
    return FileContext(str(folder / "web/key.pem"), str(folder / "web/certificate.pem"), clock)


def test_same_context_until_the_files_change_then_another(folder, clock):
    one = context_of(folder, clock)
    first = one.getContext()
    clock.later()
    assert one.getContext() is first
    authority.make(folder, now=NOW + timedelta(days=1), owners=ME)
    assert one.getContext() is first, "files are looked at every two seconds at most"
    clock.later()
    second = one.getContext()
    assert second is not first
    clock.later()
    assert one.getContext() is second


@pytest.mark.parametrize("broken", ["key of another", "nothing", "gone"])
def test_what_does_not_fit_together_is_not_shown_and_is_looked_at_again(folder, clock, caplog, broken):
    one = context_of(folder, clock)
    first = one.getContext()
    key = folder / "web/key.pem"
    good = key.read_bytes()
    key.unlink()
    if broken != "gone":
        key.write_bytes((folder / "redis/key.pem").read_bytes() if broken == "key of another" else b"")
    for _twice in range(2):
        clock.later()
        assert one.getContext() is first
    assert "cannot be read again" in caplog.text and str(folder) not in caplog.text
    key.unlink(missing_ok=True)
    key.write_bytes(good)
    clock.later()
    assert one.getContext() is not first


def test_file_that_could_not_be_read_is_read_once_it_may_be(folder, clock, caplog, monkeypatch):
    """A renewal whose key belongs to root for a moment: `chown` then changes neither time nor inode of the file."""
    one = context_of(folder, clock)
    first = one.getContext()
    authority.make(folder, now=NOW + timedelta(days=1), owners=ME)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", Mock(side_effect=PermissionError))
        for _each in range(3):
            clock.later()
            assert one.getContext() is first
    assert caplog.text.count("cannot be read again (PermissionError)") == 1, "once for each state of the files"
    clock.later()
    assert one.getContext() is not first


def test_process_does_not_start_with_what_cannot_be_used(folder, clock):
    (folder / "web/key.pem").unlink()
    (folder / "web/key.pem").write_bytes((folder / "redis/key.pem").read_bytes())
    with pytest.raises(VerifyError):
        context_of(folder, clock)


def test_endpoints_of_the_image_are_read_as_twisted_reads_them(folder):
    tls = {"WEB_KEY": str(folder / "web/key.pem"), "WEB_CERTIFICATE": str(folder / "web/certificate.pem")}
    endpoint = endpoint_of(reactor, entry.web_endpoint({"WEB_INTERFACE": "::1", "WEB_PORT": "8443", **tls}))
    assert isinstance(endpoint, SSL4ServerEndpoint)
    assert (endpoint._port, endpoint._interface, endpoint._backlog) == (8443, "::1", entry.BACKLOG)
    assert isinstance(endpoint._sslContextFactory, FileContext)
    assert isinstance(endpoint_of(reactor, entry.web_endpoint({})), TCP4ServerEndpoint)


def test_end_that_is_told_is_that_of_what_is_shown(folder, clock, monkeypatch):
    """A certificate that came without its key is in the file, and no client is shown it."""
    monkeypatch.setenv("WEB_CERTIFICATE", str(folder / "web/certificate.pem"))
    one = context_of(folder, clock)
    key, told = (folder / "web/key.pem").read_bytes(), certificates.read_ends()["web"]
    authority.make(folder, now=NOW + timedelta(days=30), owners=ME)
    newer = (folder / "web/key.pem").read_bytes()
    (folder / "web/key.pem").unlink()
    (folder / "web/key.pem").write_bytes(key)
    clock.later()
    one.getContext()
    assert certificates.read_ends()["web"] == told
    assert certificates.ends_at(folder / "web/certificate.pem", is_authority=False) > told
    (folder / "web/key.pem").write_bytes(newer)
    clock.later()
    one.getContext()
    assert certificates.read_ends()["web"] > told
