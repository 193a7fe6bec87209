"""deploy/machines.Caddyfile and deploy/haproxy.cfg do what deploy/Caddyfile does, before processes at known addresses.

What all of them must do of a request is asked of deploy/Caddyfile in `tests/test_compose.py`.
"""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.urls import resolve, reverse

from deploy import authority
from pnav.middleware.require_https import PROGRAMS
from pnav.server import http_channel, page_handler

ROOT = Path(__file__).resolve().parents[1]
CONTAINERS = (ROOT / "deploy/Caddyfile").read_text()
MACHINES = (ROOT / "deploy/machines.Caddyfile").read_text()
HAPROXY = (ROOT / "deploy/haproxy.cfg").read_text()


def snippet(caddyfile: str) -> str:
    """How a request is passed on, without comments."""
    body = caddyfile.partition("(pass_on) {\n")[2].partition("\n}\n")[0]
    return re.sub(r"^\s*#.*\n", "", body, flags=re.MULTILINE)


def rest(caddyfile: str) -> str:
    """All else, without comments, with the names of the processes taken out."""
    body = caddyfile.replace(caddyfile.partition("(pass_on) {\n")[2].partition("\n}\n")[0], "")
    body = re.sub(r"^\s*#.*\n|#.*$", "", body, flags=re.MULTILINE)
    return re.sub(r"import pass_on \S+", "import pass_on", body)


def words(text: str, name: str) -> list[str]:
    return re.findall(rf"^\s*{re.escape(name)}(?: (.+))?$", text, re.MULTILINE)


def seconds(text: str, name: str) -> float:
    (value,) = words(text, name)
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", value).groups()  # type: ignore[union-attr]
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def test_both_caddyfiles_differ_in_whom_they_pass_on_to_and_nothing_else():
    assert rest(MACHINES).split() == rest(CONTAINERS).split()
    assert "import pass_on {$SOCKETS}" in MACHINES and "import pass_on {$PAGES}" in MACHINES
    assert "to {args[:]}" in snippet(MACHINES) and "dynamic" not in snippet(MACHINES)


@pytest.mark.parametrize("caddyfile", [CONTAINERS, MACHINES], ids=["containers", "machines"])
def test_dead_process_costs_a_try_and_a_frozen_one_less_than_two_seconds(caddyfile):
    passed = snippet(caddyfile)
    assert seconds(passed, "dial_timeout") <= 1 and seconds(passed, "tls_timeout") <= 1.5
    # A page that waits is answered before the proxy gives up; what came late is not asked again elsewhere.
    assert seconds(passed, "response_header_timeout") > page_handler.WAIT_SECONDS + 8
    assert seconds(passed, "response_header_timeout") > http_channel.REQUEST_SECONDS
    # During a deploy all may be left alone at once: a request waits until one may be tried again.
    assert seconds(passed, "lb_try_duration") > seconds(passed, "fail_duration")
    (retries,) = words(passed, "lb_retries")
    assert int(retries) * seconds(passed, "lb_try_interval") >= seconds(passed, "lb_try_duration")
    # Without these, the dead process has the fewest connections and is chosen at every try.
    assert words(passed, "max_fails") == ["1"] and seconds(passed, "fail_duration") >= 5
    assert words(passed, "lb_policy") == ["least_conn"]


def test_forms_are_not_asked_again():
    """Caddy asks again for a GET alone, unless it is told; it would send other requests without their body."""
    assert "lb_retry_match" not in CONTAINERS + MACHINES
    (unless,) = re.findall(r"http-request disable-l7-retry if (.+)", HAPROXY)
    frames = f"{reverse('chat:frames')} {reverse('console:frames')}"
    assert unless == f"!{{ method GET HEAD }} !{{ path_beg {frames} }}"


@pytest.mark.parametrize("caddyfile", [CONTAINERS, MACHINES], ids=["containers", "machines"])
def test_process_hears_the_name_that_was_asked_for(caddyfile):
    """Since 2.11 Caddy gives a process behind TLS its own address, which is no name of ours."""
    assert "header_up Host {hostport}" in snippet(caddyfile)


def test_written_addresses_are_asked_how_they_are():
    passed = snippet(MACHINES)
    (page,) = words(passed, "health_uri")
    assert resolve(page).url_name == "health_ready"
    assert (seconds(passed, "health_interval") + seconds(passed, "health_timeout")) * int(
        words(passed, "health_fails")[0]
    ) <= 8
    assert "Host {$SITE_HOST}" in passed, "the process answers to its own names alone"
    # Caddy asks no replica behind a name: it would be written for nothing.
    assert "health_uri" not in snippet(CONTAINERS)


def test_haproxy_does_of_a_request_what_caddy_does():
    for name in ("health_live", "health_ready", "metrics"):
        path = reverse(name)
        assert re.search(rf"path(_beg)? [^}}]*{re.escape(path.rpartition('/')[0] or path)}", HAPROXY), name
    for header in ("X-Forwarded- -m beg", "Forwarded", "Daphne-Root-Path"):
        assert f"http-request del-header {header}\n" in HAPROXY
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Client-Port"):
        removed, written = HAPROXY.index("del-header X-Forwarded-"), HAPROXY.index(f"set-header {header} ")
        assert removed < written, "first taken away, then written"
    assert re.search(r"use_backend sockets if \{ path_beg /ws/ \}\n\s+default_backend pages", HAPROXY)
    (refused,) = re.findall(r"acl is_program path_beg (.+)", HAPROXY)
    assert refused.split() == list(PROGRAMS)


def test_haproxy_asks_processes_how_they_are_and_logs_no_request():
    for name in ("pages", "sockets"):
        backend = HAPROXY.partition(f"\nbackend {name}\n")[2].partition("\nbackend ")[0]
        (page,) = re.findall(r"http-check send meth GET uri (\S+)", backend)
        assert resolve(page).url_name == "health_ready" and "http-check expect status 200" in backend
        (server,) = words(backend, "default-server")
        assert "verify required" in server and "verifyhost web" in server and "on-error mark-down" in server
        assert len(words(backend, "server")) == 2, "two machines"
    before = HAPROXY.partition("\ndefaults\n")[2].partition("\nbackend ")[0]
    assert not re.search(r"^\s*log\b", before, re.MULTILINE), "servers that come and go alone, which backends tell"
    assert not re.search(r"option (httplog|tcplog)", HAPROXY)
    assert seconds(HAPROXY, "timeout server") > page_handler.WAIT_SECONDS + 8
    assert seconds(HAPROXY, "timeout connect") <= 1 and seconds(HAPROXY, "timeout tunnel") >= 15 * 60


@pytest.mark.skipif(not shutil.which("haproxy"), reason="no HAProxy here; the file is parsed above")
def test_haproxy_takes_its_file(tmp_path):
    authority.make(
        tmp_path / "tls", now=datetime.now(UTC), owners=dict.fromkeys(authority.PARTS, tmp_path.stat().st_uid)
    )
    web = tmp_path / "tls/web"
    (tmp_path / "site.pem").write_text((web / "certificate.pem").read_text() + (web / "key.pem").read_text())
    text = HAPROXY.replace("/etc/haproxy/site.pem", str(tmp_path / "site.pem"))
    (tmp_path / "haproxy.cfg").write_text(text.replace("/etc/pnav/tls/authority.pem", str(web / "authority.pem")))
    command = ["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
