import base64
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from common import encryption
from pnav.accounts.models import Role, User
from pnav.sessions import SessionStore, begin_shift, is_sealed_by_cookie, stored_key

pytestmark = pytest.mark.django_db

SECRET = "Saint-Pierre-et-Miquelon"  # a place, as a visit holds one


def saved(**data: object) -> SessionStore:
    store = SessionStore()
    store.update(data)
    store.save()
    return store


def test_session_comes_back():
    store = saved(place=SECRET, answers={"danger": "no"})
    assert SessionStore(store.session_key)["answers"] == {"danger": "no"}


def test_session_row_tells_nothing():
    store = saved(place=SECRET)
    row = Session.objects.get()
    assert row.session_key == stored_key(store.session_key)
    assert store.session_key not in row.session_key
    assert SECRET not in row.session_data
    assert row.get_decoded() == {}  # Django's own code reads nothing in it either


def test_session_stolen_row_is_not_a_cookie():
    saved(place=SECRET)
    row = Session.objects.get()
    assert "place" not in SessionStore(row.session_key)


def test_session_copied_to_another_row_does_not_open():
    saved(place=SECRET)
    own = saved(place="ailleurs")
    mine = Session.objects.get(session_key=stored_key(own.session_key))
    other = Session.objects.exclude(pk=mine.pk).get()
    Session.objects.filter(pk=mine.pk).update(session_data=other.session_data)
    assert list(SessionStore(own.session_key).keys()) == []


def test_session_opens_with_its_cookie_alone_whatever_lies_on_a_server(caplog):
    """With a backup and every secret of the operator one has the row, the key ring and SECRET_KEY together."""
    store = saved(place=SECRET)
    row = Session.objects.get()
    assert is_sealed_by_cookie(row.session_data)
    assert SessionStore().unseal(row) == {} and "session_does_not_open" in caplog.text
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(base64.b64decode(row.session_data), context=f"session:{row.pk}")
    row.session_key = stored_key(store.session_key)
    assert SessionStore().unseal(row)["place"] == SECRET, "with the cookie it opens"
    row.session_key.opening = stored_key("a" * 32).opening
    assert SessionStore().unseal(row) == {}, "with another cookie it does not"


def test_sessions_of_both_kinds_stand_side_by_side(settings):
    """They do so while versions change: one process opens what the other encrypted, and encrypts in its own way."""
    settings.SESSION_SEAL = "ring"
    store = saved(place=SECRET)
    assert not is_sealed_by_cookie(Session.objects.get().session_data)
    settings.SESSION_SEAL = "cookie"
    known = SessionStore(store.session_key)
    assert known["place"] == SECRET
    known["more"] = 1
    known.save()
    assert is_sealed_by_cookie(Session.objects.get().session_data)
    settings.SESSION_SEAL = "ring"
    again = SessionStore(store.session_key)
    assert (again["place"], again["more"]) == (SECRET, 1)
    again.save()
    assert not is_sealed_by_cookie(Session.objects.get().session_data)


def test_session_altered_is_empty():
    store = saved(place=SECRET)
    Session.objects.update(session_data="not base64 é")
    assert list(SessionStore(store.session_key).keys()) == []


def test_session_key_rotation(settings):
    store = saved(place=SECRET)
    old = settings.CONTENT_KEYS
    settings.CONTENT_KEYS = f"next:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=,{old}"
    assert SessionStore(store.session_key)["place"] == SECRET
    settings.CONTENT_KEYS = "next:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
    assert list(SessionStore(store.session_key).keys()) == []


def test_session_cycle_key_keeps_data_and_ends_the_old_key():
    store = saved(place=SECRET)
    before = store.session_key
    store.cycle_key()
    assert store.session_key != before
    assert SessionStore(store.session_key)["place"] == SECRET
    assert list(SessionStore(before).keys()) == []
    assert Session.objects.count() == 1


def test_session_replace_key_leaves_an_empty_row_for_a_moment():
    """A request with the old key belongs to nobody. Its row says nothing, and expires."""
    store = saved(place=SECRET)
    before = store.session_key
    store.replace_key()
    store.save()
    assert SessionStore(store.session_key)["place"] == SECRET
    old = SessionStore(before)
    assert list(old.keys()) == [] and not old.is_empty()
    row = Session.objects.get(pk=stored_key(before))
    assert row.expire_date - timezone.now() < timedelta(seconds=61)
    Session.objects.filter(pk=row.pk).update(expire_date=timezone.now())
    gone = SessionStore(before)
    assert list(gone.keys()) == [] and gone.is_empty()


def test_session_replaced_key_is_written_to_by_nobody():
    """A request that read the session before its key was replaced, and saves it afterwards, brings nothing back."""
    store = saved(place=SECRET)
    begin_shift(store)
    store.save()
    before = store.session_key
    known, on_its_way = SessionStore(before), SessionStore(before)
    known["more"] = on_its_way["more"] = True
    store.replace_key()
    late = SessionStore(before)
    late["visit"] = True  # it belongs to nobody, and its answer would replace the new cookie by the old one
    for request in (known, late):
        with pytest.raises(UpdateError):
            request.save()
    with pytest.raises(UpdateError):
        async_to_sync(on_its_way.asave)()
    known.row_end = timezone.now() - timedelta(hours=1)
    known.put_off()
    row = Session.objects.get(pk=stored_key(before))
    assert row.expire_date - timezone.now() < timedelta(seconds=61)
    assert list(SessionStore(before).keys()) == []
    assert SessionStore(store.session_key)["place"] == SECRET


def test_session_replaced_by_two_requests_at_once_is_one_row():
    """The second press of a button comes with the cookie that the first has replaced, perhaps at the same moment."""
    store = saved(place=SECRET)
    first, second = SessionStore(store.session_key), SessionStore(store.session_key)
    assert first["place"] == second["place"] == SECRET
    for request in (first, second):
        request.replace_key()
        request.save()
    assert Session.objects.count() == 3 and list(SessionStore(store.session_key).keys()) == []


def test_session_handed_on_goes_on_under_the_old_key_as_it_was_and_gains_nothing_there():
    """The answer with the new cookie may be lost: then the old one is all that the browser has, for hours."""
    store = saved(place=SECRET)
    before = store.session_key
    end = Session.objects.get(pk=stored_key(before)).expire_date
    on_its_way = SessionStore(before)
    on_its_way["draft"] = "written meanwhile"
    store.hand_on()
    store["right"] = "new"
    store.save()
    new = SessionStore(store.session_key)
    assert store.session_key != before and (new["place"], new["right"]) == (SECRET, "new")
    assert Session.objects.get(pk=stored_key(before)).expire_date == end
    on_its_way.save()
    old = SessionStore(before)
    assert (old["place"], old["draft"]) == (SECRET, "written meanwhile") and "right" not in old
    assert "draft" not in SessionStore(store.session_key)
    assert Session.objects.get(pk=stored_key(before)).expire_date > end, "it is prolonged by its use, as any visit"
    old.hand_on()  # a second press
    old.save()
    assert SessionStore(old.session_key)["place"] == SessionStore(before)["place"] == SECRET


def test_session_handed_on_ends_under_both_keys():
    store = saved(place=SECRET)
    store.hand_on()
    store.save()
    assert Session.objects.count() == 2
    SessionStore(store.session_key).flush()
    assert not Session.objects.exists()


def test_session_handed_on_twice_leaves_one_row_behind():
    store = saved(place=SECRET)
    first = store.session_key
    store.hand_on()
    store.save()
    later = SessionStore(store.session_key)
    later.hand_on()
    later.save()
    assert list(SessionStore(first).keys()) == [] and SessionStore(store.session_key)["place"] == SECRET
    assert Session.objects.count() == 2


def test_session_of_an_account_is_never_handed_on():
    store = saved(place=SECRET)
    begin_shift(store)
    store.save()
    before = store.session_key
    store.hand_on()
    assert list(SessionStore(before).keys()) == []


@pytest.mark.parametrize("ends_at", [None, timedelta(hours=2)], ids=["visit", "console"])
def test_session_that_is_used_moves_the_end_of_no_other(ends_at):
    """A visit, or another agent's console, ends when it is idle, however many agents are at work."""
    used, bystander = saved(), saved(place=SECRET)
    for store in (used, bystander) if ends_at else (used,):
        begin_shift(store)
        store.save()
    soon = timezone.now() + timedelta(minutes=2)
    Session.objects.update(expire_date=soon)
    known = SessionStore(used.session_key)
    known.load()
    known.put_off()
    ends = dict(Session.objects.values_list("pk", "expire_date"))
    assert ends[stored_key(used.session_key)] > soon + timedelta(minutes=20)
    assert ends[stored_key(bystander.session_key)] == soon


def test_session_flush():
    store = saved(place=SECRET)
    before = store.session_key
    store.flush()
    assert not SessionStore().exists(before)
    assert Session.objects.count() == 0


def test_session_expired_is_empty_and_cleared():
    store = saved(place=SECRET)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert list(SessionStore(store.session_key).keys()) == []
    assert not store.exists(store.session_key)  # an open socket asks this at each beat
    call_command("clearsessions")
    assert Session.objects.count() == 0


def test_session_unknown_cookie_is_not_adopted():
    """A key that somebody else chose is never used as it is, because of session fixation."""
    store = SessionStore("a" * 32)
    store["place"] = SECRET
    store.save()
    assert store.session_key != "a" * 32


def test_session_login_changes_the_key_and_keeps_a_browser_cookie():
    User.objects.create_user("marie", password="mot de passe de marie", role=Role.AGENT)
    client = Client()
    session = client.session
    session["place"] = SECRET
    session.save()
    before = client.cookies["sessionid"].value
    assert client.login(username="marie", password="mot de passe de marie")
    after = client.cookies["sessionid"]
    assert after.value != before
    assert client.session["place"] == SECRET
    assert not SessionStore().exists(before)
    client.logout()
    assert Session.objects.count() == 0


def test_session_async():
    async def visit() -> None:
        store = SessionStore()
        await store.aset("place", SECRET)
        await store.asave()
        again = SessionStore(store.session_key)
        assert await again.aget("place") == SECRET
        assert await again.aexists(store.session_key)
        await again.aflush()
        assert not await store.aexists(store.session_key)

    async_to_sync(visit)()
