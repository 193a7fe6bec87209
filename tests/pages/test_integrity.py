"""Each script and style sheet that a page loads has its digest beside its address (ADR 0096)."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client

from pnav import integrity
from pnav.pages.build.storage import DIGESTS
from pnav.sheets import add_link, name_sheet
from tests.support import once

DIGEST = "sha256-" + b64encode(bytes(32)).decode()
NAMES = ("pnav/site.css", "pnav/chat.css", "pnav/quick-exit.js", "pnav/staff/presence.js", "pnav/lib/time.js")
CHECKED = f'integrity="{DIGEST}" crossorigin'


@pytest.fixture
def noted(monkeypatch):
    """Note these as if they had been collected under their plain names.

    Templates that were folded before know nothing of it.
    """
    monkeypatch.setattr(staticfiles_storage, "digests", dict.fromkeys(NAMES, DIGEST), raising=False)
    loaders = engines["django"].engine.template_loaders
    for loader in loaders:
        loader.reset()
    yield
    for loader in loaders:
        loader.reset()


def test_template_that_names_a_file_gets_its_digest(noted):
    text = (
        '<script src="/static/pnav/quick-exit.js" data-action="/x"></script>'
        '<link rel="stylesheet" href="/static/pnav/chat.css" media="print">'
        '<a href="/static/pnav/chat.pdf"></a><i data-src="/static/pnav/chat.css"></i><script src="/jsi18n.js"></script>'
    )
    drawn = integrity.add_integrity(text)
    assert drawn == text.replace('quick-exit.js"', f'quick-exit.js" {CHECKED}').replace(
        'href="/static/pnav/chat.css"', f'href="/static/pnav/chat.css" {CHECKED}'
    )
    assert integrity.add_integrity(drawn) == drawn, "each file once, however often its piece of a page is joined"


def test_sheet_and_its_header_are_the_same_request(noted):
    request = HttpRequest()
    source = '{% load sheets %}{% sheet "pnav/site.css" %}'
    drawn = engines["django"].from_string(source).template.render(_context(request))
    assert drawn == f'<link rel="stylesheet" href="/static/pnav/site.css" {CHECKED}>'
    name_sheet(request, "/static/pnav/site.css")
    link = add_link(request, HttpResponse()).headers["Link"]
    assert link == f'</static/pnav/site.css>; rel=preload; as=style; integrity="{DIGEST}"; crossorigin'


def _context(request: HttpRequest):
    from django.template import Context

    return Context({"request": request})


@pytest.mark.django_db
def test_policy_that_webkit_reads_otherwise_is_not_sent(noted, client: Client):
    """WebKit fetches imported modules anew, without their digest: with the policy it runs none of ours."""
    assert "Integrity-Policy" not in client.get("/").headers


@pytest.mark.django_db
def test_page_names_no_digest_where_none_were_noted(client: Client):
    assert " integrity=" not in client.get("/").text


@pytest.mark.slow
def test_every_collected_script_and_style_has_the_digest_of_what_is_served():
    folder = once.static_files()
    digests = json.loads((folder / DIGESTS).read_text())
    served = json.loads((folder / "staticfiles.json").read_text())["paths"].values()
    assert set(digests) == {name for name in served if Path(name).suffix in {".js", ".css"}}
    for name, digest in digests.items():
        assert digest == "sha256-" + b64encode(sha256((folder / name).read_bytes()).digest()).decode(), name
    assert all(re.fullmatch(r"sha256-[A-Za-z0-9+/]{43}=", digest) for digest in digests.values())


@pytest.mark.slow
def test_only_what_pages_load_is_compressed():
    folder = once.static_files()
    served = set(json.loads((folder / "staticfiles.json").read_text())["paths"].values())
    for suffix in (".br", ".gz"):
        small = {one.relative_to(folder).as_posix().removesuffix(suffix) for one in folder.rglob(f"*{suffix}")}
        assert small <= served
        assert small >= {name for name in served if Path(name).suffix in {".js", ".css"} and is_long(folder / name)}


def is_long(file: Path) -> bool:
    return file.stat().st_size > 1_000
