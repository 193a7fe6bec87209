"""What `bench_sessions` makes is accepted like real sessions, exists only in the demonstration, and leaves no trace
when it is cleared.
"""

import json
import stat
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from chat import access
from chat.models import Agent, Conversation, Message
from chat.rules.lifecycle import Status
from pnav.accounts.models import User
from pnav.accounts.second_factor import Standing, standing_of
from reports.models import Report
from tests.chat.sockets import signed_in, visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def run(out: Path, *arguments: str) -> list[dict[str, str]]:
    call_command("bench_sessions", *arguments, "--out", str(out), stdout=(out.parent / "said").open("w"))
    return [json.loads(line) for line in out.read_text().splitlines()]


def opened(cookie: str) -> tuple[dict[str, Any], Any]:
    """Return the session of a cookie and its user; no user whose session has not proved a second factor."""
    session = import_module(site.SESSION_ENGINE).SessionStore(cookie)
    assert session.load()
    user = get_user(SimpleNamespace(session=session))
    return session, user if standing_of(user, session) is Standing.COMPLETE else None


def test_it_is_refused_outside_demonstration_and_tests(settings, tmp_path):
    settings.DEMO = settings.TESTING = False
    with pytest.raises(CommandError, match="démonstration et tests seulement"):
        run(tmp_path / "pairs", "--pairs", "1")
    assert not Conversation.objects.exists()


def test_both_cookies_open_the_conversation_and_no_other(tmp_path):
    pairs = run(tmp_path / "pairs", "--pairs", "3")
    assert len({pair["conversation"] for pair in pairs}) == 3
    agents = set()
    for pair in pairs:
        session, user = opened(pair["reporter_cookie"])
        mine = access.as_reporter(session)
        assert str(mine.public_id) == pair["conversation"]
        assert user is None  # a visitor has no account
        session, user = opened(pair["agent_cookie"])
        agent = access.as_agent(user)  # it is None unless the session has proved a second factor
        assert [str(one.public_id) for one in access.assigned_to(agent)] == [pair["conversation"]]
        assert agent.is_present(timezone.now() + timezone.timedelta(minutes=14))
        assert access.as_reporter(session) is None
        agents.add(agent.pk)
    assert len(agents) == 3


def test_a_pair_is_a_conversation_under_way_with_its_first_line(tmp_path):
    pair = run(tmp_path / "pairs", "--pairs", "1")[0]
    conversation = Conversation.objects.get(public_id=pair["conversation"])
    assert conversation.status == Status.ACTIVE
    assert [(message.seq, message.body) for message in conversation.messages.all()] == [
        (1, "Camille est là. L'échange peut commencer.")
    ]
    assert conversation.last_seq == 1
    assert conversation.report.triage_answers() == {}


def test_the_sessions_say_that_they_are_unmetered(tmp_path):
    pair = run(tmp_path / "pairs", "--pairs", "1")[0]
    for side in ("reporter_cookie", "agent_cookie"):
        session, _user = opened(pair[side])
        assert session["unmetered"] is True


def test_a_second_run_adds(tmp_path):
    first, second = run(tmp_path / "one", "--pairs", "2"), run(tmp_path / "two", "--pairs", "2")
    assert Conversation.objects.count() == 4
    assert not {pair["agent_cookie"] for pair in first} & {pair["agent_cookie"] for pair in second}


def test_people_who_wait_and_agents_on_duty(tmp_path):
    lines = run(tmp_path / "room", "--waiting", "3", "--agents", "2")
    assert [set(line) for line in lines] == [{"conversation", "reporter_cookie"}] * 3 + [{"agent_cookie"}] * 2
    now = timezone.now()
    order = [
        str(public_id) for public_id in Conversation.objects.waiting().here(now).values_list("public_id", flat=True)
    ]
    assert order == [line["conversation"] for line in lines[:3]]
    assert Agent.objects.on_duty(now).count() == 2


def test_the_file_is_for_its_owner_alone(tmp_path):
    run(tmp_path / "pairs", "--pairs", "1")
    assert stat.S_IMODE((tmp_path / "pairs").stat().st_mode) == 0o600


def test_clear_takes_out_its_own_and_nothing_else(tmp_path):
    conversation = make.assigned()
    visit(conversation)
    signed_in(conversation.assigned_to)
    models = (Conversation, Message, Report, Agent, User, Session)
    before = [model.objects.count() for model in models]
    run(tmp_path / "all", "--pairs", "2", "--waiting", "1", "--agents", "1")
    assert [model.objects.count() for model in models] != before
    call_command("bench_sessions", "--clear")
    assert [model.objects.count() for model in models] == before


def test_clear_leaves_an_agent_who_answers_somebody_else(tmp_path):
    run(tmp_path / "one", "--agents", "1")
    agent = Agent.objects.get()
    conversation = make.assigned(agent)
    call_command("bench_sessions", "--clear")
    conversation.refresh_from_db()
    assert conversation.assigned_to == agent


@pytest.mark.parametrize("arguments", [(), ("--pairs", "1"), ("--pairs", "-1", "--out", "x")])
def test_what_makes_no_sense_is_refused(arguments):
    with pytest.raises(CommandError):
        call_command("bench_sessions", *arguments)
