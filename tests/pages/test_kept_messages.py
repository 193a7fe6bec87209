"""Messages that wait for the next page, of which some belong to one exchange."""

import time
from uuid import uuid4

import pytest
from django.test import RequestFactory

from common import kept_messages
from pnav.pages.frame import notices

THIS = uuid4()


def kept(told: list[str], path: str, monkeypatch: pytest.MonkeyPatch, after: float = 0) -> list[str]:
    """Return what the page at this path reads of what was told of THIS, so many seconds later."""
    first = RequestFactory().post(f"/console/echange/{THIS}/procedure/")
    first.session = {}
    first._messages = notices.Storage(first)
    for text in told:
        kept_messages.tell_of(first, THIS, text)
    cookie = first._messages.storages[0]._encode(first._messages._queued_messages)
    second = RequestFactory().get(path)
    second.session = {}
    second.COOKIES[notices.MESSAGES_COOKIE] = cookie
    now = time.time() + after
    monkeypatch.setattr(kept_messages.time, "time", lambda: now)
    return [str(one) for one in notices.Storage(second)]


def test_what_is_told_of_an_exchange_is_read_on_its_page_alone(monkeypatch: pytest.MonkeyPatch):
    """« C'est noté. Ensuite : … » stood on « Retrouver un échange » and on a public page, for whoever was open then."""
    told = ["3 · lama : c'est noté."]
    assert kept(told, f"/console/echange/{THIS}/", monkeypatch) == told
    for elsewhere in (f"/console/echange/{uuid4()}/", "/console/retrouver/", "/affichage/"):
        assert kept(told, elsewhere, monkeypatch) == []


def test_what_is_told_of_an_exchange_is_not_read_minutes_later(monkeypatch: pytest.MonkeyPatch):
    assert kept(["3 · lama : c'est noté."], f"/console/echange/{THIS}/", monkeypatch, after=120) == []
