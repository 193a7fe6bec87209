"""What is the same for everybody is drawn once: the sections of the home page, and the numbers on it."""

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.texts import cache as text_cache
from pnav.pages.admin import verify_today
from pnav.pages.models import ContentBlock

pytestmark = pytest.mark.django_db


def _queries(client, path: str = "/") -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    return [one["sql"] for one in asked if "pages_contentblock" in one["sql"] or "pages_helpnumber" in one["sql"]]


def test_second_visit_reads_no_section_and_no_number(client):
    first = client.get("/").content
    assert not _queries(client)
    assert b"home-fold" in first
    assert client.get("/").content.count(b"<details") == first.count(b"<details")


def test_each_language_has_its_own(client):
    assert b'lang="fr"' in client.get("/").content
    assert b'lang="en"' in client.get("/en/").content
    assert not _queries(client, "/en/")
    assert b'href="/en/' in client.get("/en/").content and b'href="/en/mineurs' not in client.get("/").content


def test_change_shows_once_it_was_read_again(client):
    client.get("/")
    block = ContentBlock.objects.filter(page=ContentBlock.Page.HOME).exclude(slug="mineurs").first()
    ContentBlock.objects.filter(pk=block.pk).update(title="Un titre tout neuf")
    assert "Un titre tout neuf" not in client.get("/").content.decode()
    text_cache.read_again()
    assert "Un titre tout neuf" in client.get("/").content.decode()


def test_checking_a_fact_today_draws_it_anew(client, rf, django_capture_on_commit_callbacks, monkeypatch):
    client.get("/")
    admin = site.get_model_admin(ContentBlock)
    monkeypatch.setattr(admin, "message_user", lambda *_args: None)
    with django_capture_on_commit_callbacks(execute=True):
        verify_today(admin, rf.post("/"), ContentBlock.objects.all())
    assert _queries(client)
    assert str(timezone.localdate().year) in client.get("/").content.decode()
