"""The code that opens « Suites »: which one is valid, until when, and which session it continues."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from chat.access import SESSION_KEY
from chat.conversations import follow_up_code
from chat.conversations.follow_up_code import Replaced
from chat.models import Conversation, FollowUp
from tests.factories import chat as make

pytestmark = pytest.mark.django_db
OLD, NEW, OTHER = b"1" * 32, b"2" * 32, b"3" * 32


def session_of(row: FollowUp | None) -> Any:
    """Return a stored session that came in by this code."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    if row is not None:
        follow_up_code.remember(session, row)
    session.create()
    return session


def code_of(conversation: Conversation) -> tuple[str, Any]:
    row = FollowUp.objects.get(conversation=conversation)
    return row.code_digest, row.until


def test_code_asked_for_later_is_the_valid_one():
    one, now = make.assigned(), timezone.now()
    follow_up_code.set_code(one.pk, OLD, now)
    assert code_of(one) == (OLD.hex(), None)
    FollowUp.objects.update(until=now + timedelta(hours=1))  # as if it had been a code de reprise
    follow_up_code.set_code(one.pk, NEW, now + timedelta(seconds=1))
    assert code_of(one) == (NEW.hex(), None)
    for asked_at in (now, now + timedelta(seconds=1)):
        with pytest.raises(Replaced):
            follow_up_code.set_code(one.pk, OTHER, asked_at)
    assert code_of(one) == (NEW.hex(), None)


def test_session_that_came_by_the_code_goes_on_with_the_next_one():
    one, now = make.assigned(), timezone.now()
    follow_up_code.set_code(one.pk, OLD, now)
    former = session_of(FollowUp.objects.get())
    session = session_of(FollowUp.objects.get())
    follow_up_code.set_code(one.pk, NEW, now + timedelta(seconds=1), by_code=session)
    row = FollowUp.objects.get()
    kept = type(session)(session.session_key)
    assert session[SESSION_KEY] == kept[SESSION_KEY] == [row.pk, row.issued_at.isoformat()]
    with pytest.raises(Replaced):  # the other device's code was replaced a moment before
        follow_up_code.set_code(one.pk, OTHER, now + timedelta(seconds=2), by_code=former)
    assert code_of(one) == (NEW.hex(), None)


def test_session_whose_code_is_gone_makes_no_new_one():
    one = make.assigned()
    with pytest.raises(Replaced):
        follow_up_code.set_code(one.pk, NEW, timezone.now(), by_code=session_of(None))
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(("minutes", "copied"), [(5, False), (5, True), (-5, False)])
def test_resume_code_opens_it_as_long_as_it_is_valid(minutes, copied):
    """It is valid for longer if there is something to follow, and not at all once it has expired.

    A code of somebody else stays theirs.
    """
    one, other, now = make.assigned(), make.assigned(), timezone.now()
    until = now + timedelta(minutes=minutes)
    FollowUp.objects.create(conversation=other, code_digest=OTHER.hex(), issued_at=now, until=now + timedelta(days=1))
    one.resume_digest, one.resume_issued_at, one.resume_until, one.copy_by_code = OLD, now, until, copied
    one.save()
    follow_up_code.adopt_resume_code(one, now)
    if minutes < 0:
        assert not FollowUp.objects.filter(conversation=one).exists()
        return
    assert code_of(one) == (OLD.hex(), None if copied else until)
    follow_up_code.lengthen(one, now)
    FollowUp.objects.filter(conversation=one).update(until=until)
    one.resume_digest = one.resume_issued_at = one.resume_until = None
    one.save()
    follow_up_code.lengthen(one, now)
    assert code_of(one) == (OLD.hex(), None)
    assert code_of(other) == (OTHER.hex(), now + timedelta(days=1))


def test_without_a_resume_code_nothing_opens_it():
    follow_up_code.adopt_resume_code(make.assigned(), timezone.now())
    assert not FollowUp.objects.exists()
