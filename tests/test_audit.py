"""The audit of dependencies reads all of requirements.txt, and never takes a missing answer for « nothing found »."""

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pnav.demo.services import free_port

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow
Answer = Callable[[str, str], tuple[int, Any]]


def weakness(name: str) -> dict[str, Any]:
    affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": []}]
    return {"vulns": [{"id": "PYSEC-0000-1", "summary": "for this test", "affected": affected}]}


def sound(name: str, version: str) -> tuple[int, Any]:
    """Return a base of advisories that knows the old Django, and nothing about our dependencies."""
    return 200, weakness(name) if (name, version) == ("django", "2.2.3") else {}


@contextmanager
def base(answer: Answer) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Give a base of advisories on this machine that speaks as OSV does; its address, and what it was asked."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((query["package"]["name"], query["version"]))
            status, body = answer(*asked[-1])
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
    finally:
        server.shutdown()
        server.server_close()


def audit(address: str) -> subprocess.CompletedProcess[str]:
    """Audit with a home folder of its own, so that no cached answer of an earlier run is used."""
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            [sys.executable, "-m", "tests.audit"], cwd=ROOT, env={"PIP_AUDIT_OSV_URL": address, "HOME": home},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


def locked() -> set[tuple[str, str]]:
    """Return everything that requirements.txt installs on this machine."""
    lines = re.findall(r"^(\w[^\\\n]*?) *\\?$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return {
        (canonicalize_name(one.name), str(one.specifier).removeprefix("=="))
        for one in wanted
        if one.marker is None or one.marker.evaluate()
    }


def test_audit_asks_about_everything_that_is_locked():
    with base(sound) as (address, asked):
        done = audit(address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(locked()) > 40
    assert asked[0] == ("django", "2.2.3") and set(asked[1:]) == locked()


def two_weak(name: str, version: str) -> tuple[int, Any]:
    return 200, weakness(name) if name in {"django", "hiredis"} else {}


def test_audit_says_which_package_is_weak():
    with base(two_weak) as (address, _):
        done = audit(address)
    assert done.returncode == 1
    assert "hiredis" in done.stdout and "PYSEC-0000-1" in done.stdout and "FAIBLESSES" in done.stderr


def no_more(name: str, version: str) -> tuple[int, Any]:
    """Answer as a base that fails after it was believed once."""
    return sound(name, version) if version == "2.2.3" else (503, {})


@pytest.mark.parametrize("answer", [lambda *_: (200, {}), lambda *_: (500, {}), lambda *_: (200, ["?"]), no_more])
def test_audit_fails_loudly_when_the_base_knows_nothing(answer):
    with base(answer) as (address, _):
        done = audit(address)
    assert done.returncode == 2 and "AUDIT IMPOSSIBLE" in done.stderr


def test_audit_fails_loudly_when_the_base_is_away():
    done = audit(f"http://127.0.0.1:{free_port()}/v1/query")
    assert done.returncode == 2 and "AUDIT IMPOSSIBLE" in done.stderr
    assert "No known vulnerabilities" not in done.stdout + done.stderr


def test_audit_runs_each_day_where_ci_runs():
    script = (ROOT / ".ci/audit").read_text()
    assert re.search(r"^exec make .*\baudit$", script, re.MULTILINE) and (ROOT / ".ci/audit").stat().st_mode & 0o111
    assert re.search(r"^audit: .+\n\t@\$\(PYTHON\) -m tests\.audit$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "`.ci/audit`" in (ROOT / "docs/operations.md").read_text()
