"""deploy/machines.Caddyfile and deploy/haproxy.cfg do what deploy/Caddyfile does, in front of processes at known
addresses.

`tests/test_compose.py` asks of deploy/Caddyfile what all of them must do with a request.
"""

import http.client
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from django.urls import resolve, reverse

from benchmarks.faults.reverse_proxy import HAProxy, ReverseProxy
from common.texts import cache as text_cache
from common.texts.cache import Changed
from common.texts.help_numbers import Number
from deploy import authority
from pnav import addresses
from pnav.demo.services import free_port
from pnav.middleware.require_https import PROGRAMS
from pnav.pages.build import failure_page
from pnav.server import http_channel, page_handler
from pnav.server.body_limits import is_capture_form
from tests.support import begun, strict_html

ROOT = Path(__file__).resolve().parents[1]
CONTAINERS = (ROOT / "deploy/Caddyfile").read_text()
MACHINES = (ROOT / "deploy/machines.Caddyfile").read_text()
HAPROXY = (ROOT / "deploy/haproxy.cfg").read_text()


def snippet(caddyfile: str) -> str:
    """Return how a request is passed on, without comments."""
    body = caddyfile.partition("(pass_on) {\n")[2].partition("\n}\n")[0]
    return re.sub(r"^\s*#.*\n", "", body, flags=re.MULTILINE)


def rest(caddyfile: str) -> str:
    """Return everything else without comments, and without the names of the processes."""
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
    # A page that waits is answered before the proxy gives up, and a late request is not sent to another process.
    assert seconds(passed, "response_header_timeout") > page_handler.WAIT_SECONDS + 8
    assert seconds(passed, "response_header_timeout") > http_channel.REQUEST_SECONDS
    # During a deploy all processes may be marked as failed at once. A request then waits until one may be tried again.
    assert seconds(passed, "lb_try_duration") > seconds(passed, "fail_duration")
    (retries,) = words(passed, "lb_retries")
    assert int(retries) * seconds(passed, "lb_try_interval") >= seconds(passed, "lb_try_duration")
    # Without these lines, the dead process has the fewest connections and is chosen at every try.
    assert words(passed, "max_fails") == ["1"] and seconds(passed, "fail_duration") >= 5
    assert words(passed, "lb_policy") == ["least_conn"]


def test_forms_are_not_asked_again():
    """By default Caddy repeats only a GET. It would repeat other requests without their body."""
    assert "lb_retry_match" not in CONTAINERS + MACHINES
    (unless,) = re.findall(r"http-request disable-l7-retry if (.+)", HAPROXY)
    frames = f"{reverse('chat:frames')} {reverse('console:frames')}"
    assert unless == f"!{{ method GET HEAD }} !{{ path_beg {frames} }}"


@pytest.mark.parametrize("caddyfile", [CONTAINERS, MACHINES], ids=["containers", "machines"])
def test_process_hears_the_name_that_was_asked_for(caddyfile):
    """Since 2.11 Caddy sends a process behind TLS its own address as the host, which is not one of our names."""
    assert "header_up Host {hostport}" in snippet(caddyfile)


def test_written_addresses_are_asked_how_they_are():
    passed = snippet(MACHINES)
    (page,) = words(passed, "health_uri")
    assert resolve(page).url_name == "health_ready"
    assert (seconds(passed, "health_interval") + seconds(passed, "health_timeout")) * int(
        words(passed, "health_fails")[0]
    ) <= 8
    assert "Host {$SITE_HOST}" in passed, "the process answers to its own names alone"
    # Caddy checks no replica behind a name, so this line would do nothing there.
    assert "health_uri" not in snippet(CONTAINERS)


def matches(pattern: str, path: str) -> bool:
    """Return whether a path matches Caddy's `path` matcher. A star at the end stands for any rest, and one in the
    middle for what is between two slashes.
    """
    if pattern.endswith("*"):
        return path.startswith(pattern.removesuffix("*"))
    return re.fullmatch("[^/]+".join(map(re.escape, pattern.split("*"))), path) is not None


def test_stars_are_read_as_caddy_reads_them():
    assert matches("/n/*", "/n/482137/a/") and matches("/*/a/", "/en/a/") and matches("/a/", "/a/")
    assert not any(matches("/*/a/", path) for path in ("/a/", "//a/", "/en/b/a/", "/en/a/b/", "/en/a"))


@pytest.mark.parametrize("caddyfile", [CONTAINERS, MACHINES], ids=["containers", "machines"])
@pytest.mark.parametrize("matcher", ["@captures path", "@others not path"])
def test_capture_of_a_page_without_scripts_is_let_through_at_each_of_its_addresses(caddyfile, matcher):
    """This holds for a language that is added too, when nobody thinks of the proxy, which would answer 413 without a
    page.
    """
    (patterns,) = words(caddyfile, matcher)
    paths = {*addresses.every_address("chat:captures"), addresses.in_language("eo").reverse("chat:captures")}
    assert len(paths) == len(addresses.tables()) + 1
    paths.add(reverse("console:hand_over", args=[uuid4()]))
    assert {one for one in paths if not any(matches(pattern, one) for pattern in patterns.split())} == set()
    assert all(is_capture_form(one) for one in paths if "/eo/" not in one)
    assert not any(matches(pattern, reverse("chat:conversation")) for pattern in patterns.split())


def test_haproxy_does_of_a_request_what_caddy_does():
    for name in ("health_live", "health_ready", "metrics"):
        path = reverse(name)
        assert re.search(rf"path,url_dec -m \w+ [^}}]*{re.escape(path.rpartition('/')[0] or path)}", HAPROXY), name
    for header in ("X-Forwarded- -m beg", "Forwarded", "Daphne-Root-Path"):
        assert f"http-request del-header {header}\n" in HAPROXY
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Client-Port"):
        removed, written = HAPROXY.index("del-header X-Forwarded-"), HAPROXY.index(f"set-header {header} ")
        assert removed < written, "first taken away, then written"
    assert re.search(r"use_backend sockets if \{ path_beg /ws/ \}\n\s+default_backend pages", HAPROXY)
    (refused,) = re.findall(r"acl is_program path,url_dec -m beg (.+)", HAPROXY)
    assert refused.split() == list(PROGRAMS)


def test_haproxy_asks_processes_how_they_are_and_logs_no_request():
    for name in ("pages", "sockets"):
        backend = HAPROXY.partition(f"\nbackend {name}\n")[2].partition("\nbackend ")[0]
        (page,) = re.findall(r"http-check send meth GET uri (\S+)", backend)
        assert resolve(page).url_name == "health_ready" and "http-check expect status 200" in backend
        (server,) = words(backend, "default-server")
        assert "verify required" in server and "verifyhost web" in server and "on-error mark-down" in server
        checked = [server for server in words(backend, "server") if "backup" not in server]
        assert len(checked) == 2, "two machines"
        # When checks leave no process, any reachable one answers with our page, because HAProxy's own has no number to
        # call.
        unchecked = [server for server in words(backend, "server") if "backup no-check" in server]
        assert [one.split()[1] for one in unchecked] == [one.split()[1] for one in checked]
        assert re.search(r"^\s*option allbackups$", backend, re.MULTILINE)
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
    text = text.replace("/etc/haproxy/failure.html", str(failure_page.FILE))
    (tmp_path / "haproxy.cfg").write_text(text.replace("/etc/pnav/tls/authority.pem", str(web / "authority.pem")))
    command = ["haproxy", "-c", "-f", str(tmp_path / "haproxy.cfg")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- what they say by themselves --------------------------------------------------------------------------------------

PAGE = failure_page.FILE.read_text()
# The languages of the page, which the proxies have to name; the first is that of the whole page.
SPOKEN = re.findall(r'<(?:html|div) lang="([\w-]+)"', PAGE)
# The page has the headers of our own pages of a failure. Caddy and HAProxy write their names in different ways.
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": failure_page.content_policy(PAGE),
    "retry-after": str(failure_page.RETRY_SECONDS),
    "cache-control": "no-store",
    "content-language": ", ".join(SPOKEN),
    "x-frame-options": "SAMEORIGIN",  # a page without scripts has its messages in a frame of its own site
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
}
FRAMED = {"Sec-Fetch-Dest": "iframe"}


def test_page_of_a_failure_is_the_one_that_our_sentences_make(tmp_path):
    """`manage.py build_failure_page` writes it. Run it again when a sentence, a number or its style has changed."""
    call_command("build_failure_page", output=tmp_path / "failure.html", verbosity=0)
    assert (tmp_path / "failure.html").read_text() == PAGE
    assert (tmp_path / "failure.html").stat().st_mode & 0o777 == 0o644


def test_page_of_a_failure_says_whom_to_call_and_asks_for_nothing():
    for number in ("17", "112", "3018", "3114", "119"):
        assert PAGE.count(f'<a href="tel:{number}">{number}</a>') == len(SPOKEN), "in each language"
    assert PAGE.count('<a href="sms:114">114</a>') == len(SPOKEN)
    assert PAGE.count('href=""') == len(SPOKEN), "a way to try again"
    assert '<html lang="fr">' in PAGE
    assert SPOKEN[:2] == ["fr", "en"] and set(begun.offered()) <= set(SPOKEN) and PAGE.count("<h1>") == 1
    assert not re.search(r"<(script|link|img|iframe|form)\b|\bsrc=|\bstyle=|\bon\w+=|url\(|@import|https?:", PAGE)
    assert len(PAGE.encode()) < 8 * 1024, "HAProxy holds it in a buffer of 16 KiB, with the headers"
    assert strict_html.errors(PAGE) == []


def test_its_title_names_neither_the_site_nor_what_it_is_about():
    """A proxy cannot know who is in discreet mode, so nobody's tab or history tells about the site."""
    (title,) = re.findall("<title>(.*?)</title>", PAGE)
    assert title == "Page indisponible"
    assert not re.search(r"pnav|signal|police|gendarm|victim|harc", PAGE.partition("<body>")[0].lower())


def test_our_own_page_of_a_failure_says_the_same():
    said = re.findall(r"<p>(?!<a)(.*?)</p>", PAGE.partition("<h1>")[2].partition("<hr>")[0])
    ours = render_to_string("500.html")
    assert len(said) == 4 and all(sentence in ours for sentence in said)


def test_site_whose_numbers_were_changed_makes_its_own(tmp_path):
    text_cache.set_changed(
        {"errors.failure_title": Changed.named(vous="Un instant")}, {"numero_suicide": Number("31 15", "tel:3115")}
    )
    failure_page.write(tmp_path / "failure.html")
    page = (tmp_path / "failure.html").read_text()
    assert "<h1>Un instant</h1>" in page and '<a href="tel:3115">31 15</a>' in page
    assert failure_page.content_policy(page) == failure_page.content_policy(PAGE), "the proxies need not be told"


def said_headers(text: str) -> dict[str, str]:
    """Return the headers of the page as a Caddyfile sets them."""
    (body,) = re.findall(r"handle @away \{.*?\n\t\t\theader \{\n(.*?)\n\t\t\t\}", text, re.DOTALL)
    pairs = [line.strip().split(" ", 1) for line in body.splitlines()]
    return {name.lower(): value.strip('"') for name, value in pairs if not name.startswith("-")}


def test_proxies_send_the_page_with_the_headers_of_a_failure():
    given = {name: value for name, value in HEADERS.items() if name != "content-type"}
    assert said_headers(CONTAINERS) == given, "test_both_caddyfiles… holds the other one to it"
    lines = re.findall(r"^ {4}http-error status (\d+) content-type \"(.+?)\" file (\S+) (.+)$", HAPROXY, re.MULTILINE)
    assert [int(status) for status, *_rest in lines] == list(failure_page.STATUSES)
    for _status, kind, file, headers in lines:
        pairs = re.findall(r"hdr (\S+) (?:\"([^\"]*)\"|(\S+))", headers)
        found = {name.lower(): quoted or plain for name, quoted, plain in pairs}
        assert (kind, file) == (HEADERS["content-type"], "/etc/haproxy/failure.html")
        assert found == given | {"refresh": "10"}
    assert f"in [{', '.join(map(str, failure_page.STATUSES))}]" in CONTAINERS


class CaddyAlone(ReverseProxy):
    """What deploy/Caddyfile says about a failure, in front of dead processes: any version of Caddy reads it."""

    def _begin(self) -> None:
        (block,) = re.findall(r"^\thandle_errors \{\n.*?^\t\}\n", CONTAINERS, re.DOTALL | re.MULTILINE)
        block = block.replace("root * /etc/caddy\n", f"root * {failure_page.FILE.parent}\n")
        dead = " ".join(f"127.0.0.1:{port}" for port in self.pages)
        file = self.folder / "Caddyfile"
        file.write_text(f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{self.port} {{\n\treverse_proxy {dead}\n{block}}}\n")
        command = [shutil.which("caddy") or "", "run", "--adapter", "caddyfile", "--config", str(file)]
        home = {"XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        self._spawn(list(command), cwd=self.folder, env=home)


@contextmanager
def alone(name: str, folder: Path) -> Iterator[ReverseProxy]:
    """Give a proxy in front of two processes of pages and one of sockets, all of them dead."""
    if not shutil.which(name):
        pytest.skip(f"no {name} here; its file is read above")
    authority.make(folder / "tls", now=datetime.now(UTC), owners=dict.fromkeys(authority.PARTS, folder.stat().st_uid))
    kind = {"caddy": CaddyAlone, "haproxy": HAProxy}[name]
    with kind(folder, folder / "tls", [free_port(), free_port()], [free_port()]) as proxy:
        yield proxy


def connect(proxy: ReverseProxy) -> http.client.HTTPConnection:
    if not isinstance(proxy, HAProxy):
        return http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    trusting = ssl.create_default_context(cafile=proxy.tls / "proxy/authority.pem")
    return http.client.HTTPSConnection("localhost", proxy.port, timeout=30, context=trusting)


def test_haproxy_hides_the_pages_of_the_operator_however_their_address_is_written(tmp_path):
    """A process decodes an address, and HAProxy does only where it is told to."""
    with alone("haproxy", tmp_path) as proxy:

        def ask(path: str) -> int:
            asking = connect(proxy)
            asking.request("GET", path)
            status = asking.getresponse().status
            asking.close()
            return status

        for path in ("/health/ready", "/%68ealth/ready", "/health%2Fready", "/metrics", "/metric%73", "/health"):
            assert ask(path) == 404, path
        assert ask("/healthy/") in failure_page.STATUSES, "other addresses are for the processes, which are dead"


@pytest.mark.parametrize("name", ["caddy", "haproxy"])
def test_proxy_whose_processes_are_all_dead_says_whom_to_call(name, tmp_path):
    with alone(name, tmp_path) as proxy:
        for method, path, headers in (
            ("GET", "/", {}),
            ("GET", "/n/482137/", {"If-None-Match": "*", "Range": "bytes=0-5"}),
            ("POST", "/tchat/message/", {}),
            ("GET", "/tchat/suite/", FRAMED),
            ("HEAD", "/", {}),
        ):
            asking = connect(proxy)
            asking.request(method, path, body=b"body=a" if method == "POST" else None, headers=headers)
            answer = asking.getresponse()
            sent = {key.lower(): value for key, value in answer.getheaders()}
            assert answer.status in failure_page.STATUSES
            assert answer.read().decode() == ("" if method == "HEAD" else PAGE)
            assert {key: sent.get(key) for key in HEADERS} == HEADERS
            assert sent.get("refresh") == ("10" if headers == FRAMED else None), "a frame asks again by itself"
            asking.close()
