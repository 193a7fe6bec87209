"""What sockets ask about their sessions: many at once in the beginning, and again while they are open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.utils import timezone

from chat.realtime.authentication import Identity, Pass
from common.sql import fetch_rows
from pnav.accounts.models import Role
from pnav.server.identity import identify_passes
from pnav.sessions import SessionStore, begin_shift, stored_key
from tests.chat.sockets import signed_in, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def passes_of(*session_keys):
    return [Pass(stored_key(key)) for key in session_keys]


def test_identify_many_at_once_in_two_statements(monkeypatch):
    asked = []
    monkeypatch.setattr("pnav.server.identity.fetch_rows", lambda *args: asked.append(args) or fetch_rows(*args))
    agent, conversation = make.agent(), make.waiting()
    passes = passes_of(signed_in(agent), visit(conversation), "invented", signed_in(make.agent(), second_factor=False))
    console, reporter, nobody, half = identify_passes(passes)
    assert len(asked) == 2
    assert isinstance(console, Identity) and (console.user_id, console.report) == (agent.user_id, None)
    assert (console.may_answer, reporter.may_answer, half.may_answer) == (True, False, False)
    assert isinstance(reporter, Identity)
    assert (reporter.user_id, reporter.report) == (None, str(conversation.report.public_id))
    assert nobody is None
    assert isinstance(half, Identity) and half.user_id is None


def test_identify_again_says_that_nothing_changed_without_opening_the_session(monkeypatch):
    answers = identify_passes(passes_of(signed_in(make.agent()), visit(make.waiting())))
    monkeypatch.setattr("pnav.server.identity.SessionStore", None)
    rows = []

    def fetch(*args):
        rows.append(fetch_rows(*args))
        return rows[-1]

    monkeypatch.setattr("pnav.server.identity.fetch_rows", fetch)
    assert identify_passes([answer.pass_ for answer in answers]) == [True, True]
    assert rows == [[]]  # one statement, which returns nothing that has not changed


def test_each_check_finds_its_session_and_its_account_by_itself_however_many_there_are(monkeypatch):
    """However the planner judges the tables: it is told here that a nested loop costs more than anything."""
    answers = identify_passes(passes_of(signed_in(make.agent()), visit(make.waiting())))
    plans = []

    def fetch(statement, values):
        fetch_rows("SELECT set_config('enable_nestloop', 'off', true)", [])
        plans.append(str(fetch_rows(f"EXPLAIN {statement}", values)))
        return fetch_rows(statement, values)

    monkeypatch.setattr("pnav.server.identity.fetch_rows", fetch)
    assert identify_passes([answer.pass_ for answer in answers]) == [True, True]
    [plan] = plans
    assert plan.count("Limit") == 2 and "Nested Loop" in plan
    assert not any(join in plan for join in ("Hash Join", "Hash Right", "Hash Left", "Merge"))


def test_identify_again_names_who_changed_among_those_who_did_not():
    agents = [make.agent(), make.agent()]
    keys = [signed_in(agents[0]), visit(make.waiting()), signed_in(agents[1]), visit(make.waiting())]
    before = [answer.pass_ for answer in identify_passes(passes_of(*keys))]
    agents[1].user.session_generation += 1
    agents[1].user.save()
    Session.objects.filter(pk=before[3].session_key).delete()
    new = passes_of(visit(make.waiting()))
    answers = identify_passes([*before, *new])
    assert answers[:2] == [True, True] and answers[3] is None
    assert isinstance(answers[2], Identity) and isinstance(answers[4], Identity)


@pytest.mark.parametrize("change", ["another session", "expired", "factor", "role", "account gone"])
def test_identify_again_sees_every_change(change):
    agent = make.agent()
    key = signed_in(agent)
    [answer] = identify_passes(passes_of(key))
    if change == "another session":
        session = SessionStore(key)
        session["something"] = 1
        session.save()
    elif change == "expired":
        Session.objects.update(expire_date=timezone.now())
    elif change == "factor":
        Authenticator.objects.filter(user=agent.user).delete()
    elif change == "role":
        type(agent.user).objects.filter(pk=agent.user_id).update(role=Role.CUSTODIAN)
    else:
        answer = replace(answer, pass_=replace(answer.pass_, user_id=2**40))  # a user whose row no longer exists
    [again] = identify_passes([answer.pass_])
    assert again is None if change == "expired" else isinstance(again, Identity)
    assert getattr(again, "may_answer", False) == (change == "another session")


@pytest.mark.parametrize("field, value", [("is_active", False), ("password_is_temporary", True)])
def test_identify_again_after_a_change_of_the_account(field, value):
    agent = make.agent()
    [answer] = identify_passes(passes_of(signed_in(agent)))
    setattr(agent.user, field, value)
    agent.user.save()
    [again] = identify_passes([answer.pass_])
    assert isinstance(again, Identity) and again.user_id is None


def test_identify_again_after_another_password():
    agent = make.agent()
    [answer] = identify_passes(passes_of(signed_in(agent)))
    agent.user.set_password("another password for tests")
    agent.user.save()
    [again] = identify_passes([answer.pass_])
    assert again.user_id is None


def test_identify_unmetered_only_when_the_session_says_so():
    from importlib import import_module

    from django.conf import settings

    key = visit(make.waiting())
    [before] = identify_passes(passes_of(key))
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    session["unmetered"] = True
    session.save()
    [after] = identify_passes([before.pass_])
    assert not before.is_unmetered and after.is_unmetered


def test_identify_an_open_console_keeps_the_session_and_never_longer_than_the_shift(monkeypatch):
    agent = make.agent()
    key = signed_in(agent)
    session = SessionStore(key)
    begin_shift(session)
    session.save()
    [answer] = identify_passes(passes_of(key))
    rows = Session.objects.filter(pk=stored_key(key))

    asked = []
    monkeypatch.setattr("pnav.server.identity.fetch_rows", lambda *args: asked.append(args) or fetch_rows(*args))
    assert identify_passes([answer.pass_]) == [True]
    assert len(asked) == 1  # no further statement while nobody's lease has to be renewed
    bystander = SessionStore(visit(make.waiting()))
    soon = timezone.now() + timedelta(minutes=10)
    Session.objects.update(expire_date=soon)
    assert identify_passes([answer.pass_]) == [True]
    assert Session.objects.get(pk=stored_key(bystander.session_key)).expire_date == soon
    assert timedelta(minutes=29) < rows.get().expire_date - timezone.now() <= timedelta(minutes=30)

    soon = (timezone.now() + timedelta(minutes=12)).timestamp()
    rows.update(expire_date=timezone.now() + timedelta(minutes=2))
    identify_passes([replace(answer.pass_, ends_at=soon)])
    assert rows.get().expire_date - timezone.now() <= timedelta(minutes=12)


def test_identify_keeps_no_session_of_who_may_not_answer():
    agent = make.agent()
    key = signed_in(agent, second_factor=False)
    session = SessionStore(key)
    begin_shift(session)
    session.save()
    rows = Session.objects.filter(pk=stored_key(key))
    rows.update(expire_date=timezone.now() + timedelta(minutes=2))
    [answer] = identify_passes(passes_of(key, "invented"))[:1]
    identify_passes([answer.pass_])
    assert rows.get().expire_date - timezone.now() <= timedelta(minutes=2)
