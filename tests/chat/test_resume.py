"""Leaving in a hurry and coming back with a code de reprise: the happenings, then the pages."""

from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from chat import resume, resume_views
from chat.lifecycle import Availability, Status
from chat.models import Conversation, EventKind
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

PAGE = "/tchat/"


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def as_reporter(settings):
    """A client on the visit that opened this conversation."""

    def make_client(conversation, **options):
        client = Client(**options)
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return make_client


def shown(response) -> str:
    return unescape(response.text)


def test_park_conversation_tells_the_agent_and_keeps_it_open():
    conversation = make.assigned()
    resume.park_conversation(report=conversation.report)
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    assert "Départ rapide" in conversation.messages.last().body


def test_revive_conversation_abandoned_takes_its_old_place():
    conversation = make.waiting(queued_at=make.long_ago(90))
    place = conversation.queued_at
    Conversation.objects.update(status=Status.ABANDONED)
    revived = resume.revive_conversation(conversation_id=conversation.pk)
    assert revived.status == Status.WAITING and revived.queued_at == place


def test_code_found_as_people_type_it():
    conversation = make.waiting()
    code = resume.issue_code(conversation_id=conversation.pk)
    assert len(code.replace("-", "")) == 12
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert resume.find_by_code(typed) == conversation


def test_code_new_one_ends_the_old_one_and_none_is_stored():
    conversation = make.waiting()
    old, new = (resume.issue_code(conversation_id=conversation.pk) for _turn in range(2))
    assert resume.find_by_code(old) is None and resume.find_by_code(new) == conversation
    conversation.refresh_from_db()
    assert new.replace("-", "").encode() not in bytes(conversation.resume_digest)


@pytest.mark.parametrize("text", ["", "x", "0" * 12, "é" * 12, "\x00" * 12, "0" * 10_000])
def test_code_nonsense_finds_nothing(text):
    make.waiting()
    assert resume.find_by_code(text) is None


# --- the pages --------------------------------------------------------------------------------------------------------


def issue(client) -> str:
    page = client.post(reverse("chat:code"), follow=True).text
    return page[page.index('pnav-chat__code">') + 17 :].split("<")[0]


def test_code_is_shown_once_and_brings_back_from_another_device(as_reporter):
    conversation = make.waiting()
    make.message(conversation, "ma place est gardée")
    client = as_reporter(conversation)
    code = issue(client)
    assert len(code) == 14
    page = shown(client.get(PAGE))
    assert "Créer un nouveau code</button>" in page and 'id="code-replaces">Il remplace le précédent.' in page
    assert code not in client.get(reverse("chat:code")).text  # loaded again, it says nothing and makes no other
    elsewhere = Client()
    response = elsewhere.post(reverse("chat:resume"), {"code": code.lower().replace("-", " ")})
    assert response.status_code == 302 and response.url == PAGE
    assert "ma place est gardée" in elsewhere.get(PAGE).text


def test_code_asked_by_the_script_stays_on_its_page(as_reporter):
    conversation = make.waiting()
    response = as_reporter(conversation).post(reverse("chat:code"), headers={"Accept": "application/json"})
    assert resume.find_by_code(response.json()["code"]) == conversation
    assert response.headers["Cache-Control"] == "no-store"


def test_page_without_a_code_yet_replaces_none(as_reporter):
    page = shown(as_reporter(make.waiting()).get(PAGE))
    assert "Créer un code de reprise</button>" in page and 'id="code-replaces" hidden' in page


def test_code_without_conversation_leads_to_the_way_back(client):
    assert client.post(reverse("chat:code")).url == reverse("chat:resume")
    assert client.post(reverse("chat:code"), headers={"Accept": "application/json"}).status_code == 401


def test_resume_of_an_abandoned_conversation_puts_it_in_the_queue_again(client):
    conversation = make.waiting()
    code = resume.issue_code(conversation_id=conversation.pk)
    Conversation.objects.update(status=Status.ABANDONED)
    client.post(reverse("chat:resume"), {"code": code})
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING
    assert conversation.events.filter(kind=EventKind.RESUMED).exists()


def test_resume_gives_the_visit_a_new_key(client, settings):
    client.get(reverse("triage:start"))
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    client.post(reverse("chat:resume"), {"code": resume.issue_code(conversation_id=make.waiting().pk)})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != before


@pytest.mark.parametrize("typed", ["7K2M-9QXT-4B8D", "trop court", "é\x00è", "x" * 500])
def test_resume_with_a_wrong_code_keeps_it_and_says_so(client, typed):
    make.waiting()
    response = client.post(reverse("chat:resume"), {"code": typed})
    page = shown(response)
    assert response.status_code == 200
    assert "<title>Erreur :" in page and "Ce code ne correspond à aucun échange." in page
    assert f'value="{typed}"' in page.replace("\ufffd", "\x00")
    assert client.get(PAGE).status_code == 302


def test_resume_without_a_code_asks_for_it(client):
    assert "Écrivez le code de reprise" in shown(client.post(reverse("chat:resume"), {"code": ""}))


def test_resume_after_too_many_wrong_codes_waits(client, monkeypatch):
    code = resume.issue_code(conversation_id=make.waiting().pk)
    for _time in range(resume_views.RESUME_TRIES):
        client.post(reverse("chat:resume"), {"code": "0000-0000-0000"})
    page = shown(client.post(reverse("chat:resume"), {"code": code}))
    assert "Trop d'essais pour le moment." in page and code in page
    now = resume_views.time.time() + resume_views.RESUME_PAUSE_SECONDS + 1
    monkeypatch.setattr(resume_views.time, "time", lambda: now)
    assert client.post(reverse("chat:resume"), {"code": code}).url == PAGE


def test_resume_cannot_be_blocked_for_everybody():
    """A common counter let anybody keep everybody out."""
    code = resume.issue_code(conversation_id=make.waiting().pk)
    for _time in range(400):
        Client().post(reverse("chat:resume"), {"code": "x"})
    assert Client().post(reverse("chat:resume"), {"code": code}).url == PAGE


def test_resume_what_cannot_be_a_code_is_no_try(client):
    code = resume.issue_code(conversation_id=make.waiting().pk)
    for _time in range(resume_views.RESUME_TRIES + 1):
        assert "aucun échange" in shown(client.post(reverse("chat:resume"), {"code": "x"}))
    assert client.post(reverse("chat:resume"), {"code": code}).url == PAGE


def test_resume_ends_the_visit_of_the_device_left_behind(as_reporter):
    conversation = make.assigned()
    left_behind = as_reporter(conversation)
    code = issue(left_behind)
    here = Client()
    here.post(reverse("chat:resume"), {"code": code})
    make.message(conversation, "pour moi seule")
    assert "pour moi seule" in shown(here.get(PAGE))
    assert "pour moi seule" not in shown(left_behind.get(PAGE, follow=True))
    assert "Retour avec le code de reprise" in shown(here.get(PAGE))


def test_resume_twice_at_once_is_one(client):
    conversation = make.waiting()
    code = resume.issue_code(conversation_id=conversation.pk)
    for _click in range(2):
        client.post(reverse("chat:resume"), {"code": code})
    conversation.report.refresh_from_db()
    assert conversation.report.visit_generation == 1
    assert 'data-status="waiting"' in shown(client.get(PAGE))


def test_person_who_left_in_a_hurry_comes_back_to_the_same_agent(as_reporter):
    agent = make.agent(availability=Availability.AVAILABLE)
    conversation = make.assigned(agent)
    client = as_reporter(conversation)
    code = issue(client)
    resume.park_conversation(report=conversation.report)
    elsewhere = Client()
    elsewhere.post(reverse("chat:resume"), {"code": code})
    page = shown(elsewhere.get(PAGE))
    assert 'data-status="active"' in page and agent.interlocutor in page
