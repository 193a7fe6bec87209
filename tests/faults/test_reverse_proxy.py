"""Runs behind a proxy use our own files of deploy/, and notice when what they replace is no longer there."""

import resource
from pathlib import Path

import pytest

from benchmarks.faults import reverse_proxy

ROOT = Path(__file__).resolve().parents[2]


def test_caddyfile_keeps_all_but_what_a_machine_decides():
    text = (ROOT / "deploy/machines.Caddyfile").read_text()
    made = reverse_proxy.caddyfile(text, authority=Path("/here/authority.pem"), clear=8080, site=8443, alive=2081)
    assert "http_port 8080" in made and "https_port 8443" in made and "/here/authority.pem" in made
    kept = [line for line in text.splitlines() if line not in made.splitlines()]
    assert {line.strip().split()[0] for line in kept} == {"tls_trust_pool", "root", "http://127.0.0.1:2080"}


def test_haproxy_file_has_the_processes_of_the_run_alone():
    text = (ROOT / "deploy/haproxy.cfg").read_text()
    made = reverse_proxy.haproxy_file(
        text,
        authority=Path("/here/authority.pem"),
        certificate=Path("/here/site.pem"),
        clear=8080,
        site=8443,
        pages=[1, 2],
        sockets=[3, 4],
    )
    servers = [line.split()[2:] for line in made.splitlines() if line.startswith("    server ")]
    assert [one for one, *more in servers if not more] == [f"127.0.0.1:{port}" for port in (1, 2, 3, 4)]
    assert [one for one, *more in servers if more == ["backup", "no-check"]] == [
        f"127.0.0.1:{port}" for port in (1, 2, 3, 4)
    ]
    assert "/etc/" not in "".join(line for line in made.splitlines() if not line.strip().startswith("#"))
    assert made.count("default-server check") == 2 and "bind :" not in made


def test_haproxy_is_told_to_hold_no_more_than_it_may_have_descriptors_for(monkeypatch):
    """Each takes two, and it has some of its own; otherwise it ends at its start (« Cannot raise FD limit »)."""
    for most, held in ((256, 78), (1024, 462), (20_000, 2000), (resource.RLIM_INFINITY, 2000)):
        monkeypatch.setattr(resource, "getrlimit", lambda _which, most=most: (most, most))
        assert reverse_proxy.connections_allowed() == held
        assert held * 2 <= most or most == resource.RLIM_INFINITY


def test_no_harness_opens_a_socket_over_tls_with_two_threads():
    """With TLS 1.3 one handshake in a hundred or so never leaves such a client, whatever the server: ADR 0090."""
    for folder in ("tests", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text()
            if "from websockets.sync" in text and file != Path(__file__):
                assert "wss:" not in text, f"{file.relative_to(ROOT)}: websockets.asyncio has one thread"


def test_file_that_changed_is_refused():
    with pytest.raises(KeyError):
        reverse_proxy.caddyfile("", authority=Path("/a"), clear=1, site=2, alive=3)
