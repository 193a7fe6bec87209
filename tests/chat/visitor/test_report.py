"""What a person adds to their signalement while they wait or talk."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.conversations import actions
from chat.rules.lifecycle import Author
from common.client_address import Connection
from reports import reporter_identity
from reports.forms import AddedForm
from reports.models import Report, SealedValue
from reports.seal.sealing import TEXT_MAX_BYTES
from tests.chat.console.agents import signed_in
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.reports.test_choices import FOR_CUSTODIANS, NOT_TICKED
from tests.reports.test_reporter_identity import opened

pytestmark = pytest.mark.django_db

PAGE, ADDRESS = "/tchat/", "/tchat/signalement/"
CHOSEN = {"facts": ["insults", "image"], "platforms": ["social"], "since": "month", "expectations": ["talk"]}


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def as_reporter(settings):
    def make_client(conversation):
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
        return client

    return make_client


@pytest.fixture
def rung(monkeypatch):
    """Return the conversations whose agent's page was told."""
    told = []
    monkeypatch.setattr("chat.visitor.report.pubsub.state_changed", told.append)
    return told


def add(client, script=True, **data):
    headers = {"Accept": "application/json"} if script else {}
    return client.post(ADDRESS, data, headers=headers)


def said(conversation):
    report = Report.objects.get(pk=conversation.report_id)
    return {name: getattr(report, name) for name in CHOSEN}


def ticked(page):
    return re.findall(r'name="(\w+)" value="(\w+)" checked', " ".join(page.split()))


@pytest.mark.parametrize("made", [make.waiting, make.assigned])
@pytest.mark.parametrize("script", [True, False])
def test_what_is_touched_is_kept_as_it_is_given_and_its_agent_is_told(as_reporter, rung, made, script):
    conversation = made()
    client = as_reporter(conversation)
    rung.clear()
    answer = add(client, script, **CHOSEN)
    expected = (200, None) if script else (302, PAGE + "#choix")
    assert (answer.status_code, answer.headers.get("Location")) == expected
    assert said(conversation) == CHOSEN and rung == [conversation.public_id]
    page = client.get(PAGE).text
    assert ticked(page) == [
        ("facts", "insults"), ("facts", "image"), ("platforms", "social"), ("since", "month"), ("expectations", "talk"),
    ]  # fmt: skip
    add(client, script, **CHOSEN)
    assert len(rung) == 1, "the same again changes nothing"
    add(client, script, **CHOSEN | {"facts": ["image"]})
    assert said(conversation) == CHOSEN | {"facts": ["image"]} and len(rung) == 2
    assert add(client, script).status_code in {200, 302}
    assert said(conversation) == {"facts": [], "platforms": [], "since": "", "expectations": []}


def test_waiting_room_asks_nothing_that_was_said(as_reporter):
    conversation = make.waiting(facts=["couple"], role="witness", age_band="adult")
    page = unescape(as_reporter(conversation).get(PAGE).text)
    assert ticked(page) == [("facts", "couple")]
    assert 'name="role"' not in page and 'name="age_band"' not in page
    assert "Vous avez déjà dit" in page and "Témoin" in page


def test_console_shows_it(as_reporter):
    agent = make.agent()
    conversation = make.assigned(agent)
    add(as_reporter(conversation), **CHOSEN)
    page = unescape(signed_in(agent.user).get(f"/console/echange/{conversation.public_id}/?partie=echange").text)
    panel = page[page.index(f'id="signalement-{conversation.public_id}"') :]
    for words in ("Photo ou vidéo humiliante ou intime", "Réseau social", "Quelques semaines", "Parler à quelqu"):
        assert words in panel


def test_page_of_the_signalement_stands_alone_and_adds(as_reporter, rung):
    conversation = make.waiting(facts=["couple"])
    client = as_reporter(conversation)
    page = unescape(client.get("/signalement/").text)
    assert f'action="{ADDRESS}"' in page and ("facts", "couple") in ticked(page)
    assert 'name="contact"' in page and 'href="/tchat/"' in page


def test_name_given_later_is_sealed_where_the_first_one_stood(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    reporter_identity.seal_identity(conversation.report, name="", contact="", connection=Connection("", ""))
    rows = SealedValue.objects.filter(report=conversation.report)
    before = rows.count()
    add(client, False, name="Un nom", contact="06 00 00 00 00")
    add(client, False)
    assert rows.count() == before, "every report has the same values"
    assert opened(conversation.report, "name") == ["Un nom"]
    assert opened(conversation.report, "contact") == ["06 00 00 00 00"]


def typed_of(name):
    """Return what goes along with the words of one field: the answer that they belong to, for example since_other."""
    answer, _other, rest = name.rpartition("_other")
    return {answer: "other"} if answer in AddedForm.TOUCHED and not rest else {}


def kept(conversation, name):
    """Return what is stored of typed words: as custodians open it, or sealed."""
    report = Report.objects.get(pk=conversation.report_id)
    return opened(report, name)[-1] if name in FOR_CUSTODIANS else getattr(report, f"{name}_sealed")


@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_stay_until_the_answer_that_they_belong_to_is_left(as_reporter, name):
    """The waiting room sends the form without them, which erases nothing."""
    conversation = make.waiting()
    client = as_reporter(conversation)
    reporter_identity.seal_identity(conversation.report, name="", contact="", connection=Connection("", ""))
    before = kept(conversation, name)
    add(client, **{name: "Des mots"} | typed_of(name))
    typed = kept(conversation, name)
    assert typed and typed != before
    add(client, **typed_of(name))
    assert kept(conversation, name) == typed
    add(client, **CHOSEN)
    assert kept(conversation, name) == (None if typed_of(name) else typed)


@pytest.mark.parametrize("name", sorted(NOT_TICKED))
def test_typed_words_ring_whoever_reads_them(as_reporter, rung, name):
    """The agent's page is told of words that the agent reads, also where nothing is ticked; never of those under
    seal.
    """
    conversation = make.assigned()
    client = as_reporter(conversation)
    reporter_identity.seal_identity(conversation.report, name="", contact="", connection=Connection("", ""))
    add(client, **{name: "Des mots"} | typed_of(name))
    rung.clear()
    assert add(client, **{name: "D'autres mots"} | typed_of(name)).status_code == 200
    assert rung == ([] if name in FOR_CUSTODIANS else [conversation.public_id])


def test_what_is_refused_is_said_beside_its_field_and_changes_nothing(as_reporter, rung):
    conversation = make.waiting(facts=["couple"])
    client = as_reporter(conversation)
    for wrong in ({"facts": ["x"]}, {"since": "x"}, {"name": "é" * TEXT_MAX_BYTES}):
        assert add(client, **wrong).status_code == 400
        page = unescape(add(client, False, **wrong).text)
        assert "Ce n'est pas encore ajouté" in page
    assert said(conversation)["facts"] == ["couple"] and rung == []


@pytest.mark.parametrize("script", [True, False])
def test_what_is_ticked_is_kept_although_the_name_cannot_be_sealed(as_reporter, rung, caplog, script):
    """The key of the exchange is gone: the field says so, and what is under seal stays."""
    conversation = make.waiting()
    client = as_reporter(conversation)
    reporter_identity.seal_identity(conversation.report, name="Avant", contact="", connection=Connection("", ""))
    Report.objects.filter(pk=conversation.report_id).update(data_key=uuid4(), identity_key_since=timezone.now())
    answer = add(client, script, **CHOSEN, name="Un-nom-tapé", contact="06-tapé")
    assert said(conversation) == CHOSEN and rung == [conversation.public_id]
    assert opened(conversation.report, "name") == ["Avant"]
    if script:
        assert answer.status_code == 400
    else:
        page = unescape(answer.text)
        assert page.count("mis sous scellé. Ce que vous avez coché est gardé") >= 2 and 'value="Un-nom-tapé"' in page
    assert "was not sealed again (UnsealError)" in caplog.text and "tapé" not in caplog.text


def test_after_the_end_and_without_a_visit_nothing_is_added(as_reporter, client, rung):
    conversation = make.waiting()
    visitor = as_reporter(conversation)
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    rung.clear()
    assert add(visitor, **CHOSEN).status_code == 409
    assert add(visitor, False, **CHOSEN).url == PAGE
    assert said(conversation)["since"] == "" and rung == []
    assert add(client, **CHOSEN).status_code == 401
    assert add(client, False, **CHOSEN).url == PAGE


def test_without_a_script_what_is_being_written_goes_along(as_reporter):
    client = as_reporter(make.waiting())
    add(client, False, **CHOSEN, body="Un-mot-garde")
    page = client.get(PAGE).text
    assert "Un-mot-garde</textarea>" in page
    boxes = re.findall(r"<input[^>]*pnav-facts__box[^>]*>", page)
    assert boxes and all('form="compose"' in box for box in boxes)


def boxes_of(client):
    """Return the fields that say, on a page without scripts, that its boxes go along."""
    without = "".join(re.findall(r"<noscript>(.*?)</noscript>", client.get(PAGE).text, flags=re.S))
    (mark,) = re.findall(r'<input type="hidden" form="compose" name="(\w+)" value="(\w+)">', without)
    return dict([mark])


@pytest.mark.parametrize(
    ("button", "more"),
    [
        ("chat:message", {"body": "Un mot"}),
        ("chat:message", {"body": " "}),
        ("chat:draft", {"body": "Un mot", "to": "/tchat/#fin"}),
        ("chat:code", {"body": "Un mot"}),
    ],
)
def test_without_a_script_what_is_ticked_goes_along_with_every_button(as_reporter, rung, button, more):
    conversation = make.waiting(facts=["couple"])
    client = as_reporter(conversation)
    sent = {"client_id": str(uuid4()), **more, **boxes_of(client)}
    rung.clear()
    answer = client.post(reverse(button), sent | CHOSEN)
    assert said(conversation) == CHOSEN and conversation.public_id in rung
    if 'id="signalement"' in answer.text:  # a message was refused, so the page is shown at once
        assert ("since", "month") in ticked(answer.text)
    client.post(reverse(button), sent | {"client_id": str(uuid4())})
    assert said(conversation) == {"facts": [], "platforms": [], "since": "", "expectations": []}, "all taken back"


def test_a_form_without_boxes_takes_none_back_and_answers_that_no_box_has_change_nothing(as_reporter, rung):
    conversation = make.waiting(**CHOSEN)
    client = as_reporter(conversation)
    marked = boxes_of(client)
    rung.clear()
    for sent in ({}, marked | {"since": "x"}, marked | {"facts": ["x"]}):
        client.post(reverse("chat:draft"), {"body": "Un mot", "to": PAGE, **sent})
    assert said(conversation) == CHOSEN and rung == []
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    client.post(reverse("chat:message"), {"body": "Un mot", "client_id": str(uuid4()), **marked})
    assert said(conversation) == CHOSEN


def test_touches_are_counted(as_reporter, monkeypatch, one_window):
    monkeypatch.setattr("chat.visitor.report.SAVES", 2)
    client = as_reporter(make.waiting())
    assert [add(client, since=since).status_code for since in ("today", "week", "month")] == [200, 200, 429]
    client.post(reverse("chat:draft"), {"to": PAGE, "since": "year", **boxes_of(client)})
    assert ("since", "week") in ticked(client.get(PAGE).text)


def test_a_touch_costs_a_few_statements(as_reporter):
    client = as_reporter(make.waiting())
    add(client, **CHOSEN)
    with CaptureQueriesContext(connection) as queries:
        add(client, **CHOSEN | {"facts": []})
    assert len(queries) <= 10
    assert reverse("chat:report") == ADDRESS
