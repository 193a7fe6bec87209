"""The first page of the administration: what there is to do, how the service works, and what each list is for."""

from datetime import date, timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from chat.conversations import resume, web_heartbeat
from chat.models import CannedReply, Conversation, WebHeartbeat
from chat.supervision import live_board
from common.client_address import Connection
from common.texts.catalogue import CATALOGUE
from common.texts.models import ChangedSentence
from locations.models import Source
from pnav.accounts.admin_site.site import PURPOSES
from pnav.accounts.models import Role, User
from pnav.pages import to_do, to_translate
from pnav.pages.models import ContentBlock, HelpNumber, RemovalPlatform
from reports import closures, reporter_identity
from reports.models import CaptureContact, ChatClosure, ClosureReason, OpeningField
from reports.openings import actions as opening_actions
from tests.access.people import signed_in
from tests.accounts.cast import make_user
from tests.factories import chat as make
from tests.factories import locations as places
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(settings) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user("chef", Role.ADMINISTRATOR))
    return client


def shown(client: Client) -> str:
    return " ".join(unescape(client.get("/admin/").text).split())


@pytest.fixture
def nothing_to_do():
    today = timezone.localdate()
    ContentBlock.objects.update(verified_on=today)
    HelpNumber.objects.update(verified_on=today)
    RemovalPlatform.objects.update(verified_on=today)
    CaptureContact.objects.create(name="Permanence", reach="poste 12")


def tasks() -> list[str]:
    return [line.words for line in to_do.read(timezone.now())["tasks"]]


def test_nothing_to_do_is_said(nothing_to_do, chief):
    assert tasks() == []
    page = shown(chief)
    assert "Rien n'attend." in page and "Le tchat est ouvert." in page


def test_each_thing_to_do_is_counted_and_leads_to_its_list(nothing_to_do, chief):
    old = date(2020, 1, 1)
    ContentBlock.objects.filter(pk__in=ContentBlock.objects.values("pk")[:2]).update(verified_on=old)
    HelpNumber.objects.filter(pk__in=HelpNumber.objects.values("pk")[:1]).update(verified_on=None)
    RemovalPlatform.objects.filter(pk__in=RemovalPlatform.objects.values("pk")[:3]).update(verified_on=old)
    make_user("sans", Role.AGENT)
    User.objects.filter(pk=make_user("fermé", Role.AGENT).pk).update(is_active=False)
    places.reception_point(source=Source.DEMO)
    block = ContentBlock.objects.create(slug="essai", title="Essai", body="Un.", verified_on=timezone.localdate())
    block.set_texts({"title_en": "Trial", "body_en": "One."}).save()
    block.body = "Deux."
    block.save()
    lines = to_do.read(timezone.now())["tasks"]
    assert [line.words for line in lines] == [
        "2 contenus à vérifier",
        "1 numéro d'aide à vérifier",
        "3 plateformes (retrait) à vérifier",
        "1 texte dont la traduction ne suit plus le français",
        "1 compte actif sans second facteur",
        "1 lieu de démonstration",
    ]
    counted = {line.url: int(line.words.split()[0]) for line in lines}
    for url, count in counted.items():
        answer = chief.get(url)
        assert answer.status_code == 200, url
        if url == reverse("admin:pages_contentblock_to_translate"):
            [work] = answer.context["works"]
            assert (work.outdated_count, [one.words for one in work.outdated]) == (count, ["Essai"])
            assert chief.get(work.outdated[0].url).status_code == 200
        else:
            assert answer.context["cl"].result_count == count, url
    page = shown(chief)
    assert all(f'href="{url}"'.replace("&", "&") in page for url in counted)


def test_what_to_translate_is_of_every_kind_and_leads_to_its_form(chief):
    today = timezone.localdate()
    block = ContentBlock.objects.create(slug="essai", title="Essai", body="Un.", verified_on=today)
    reply = CannedReply.objects.create(title="Venir", vous="Venez.", tu="Viens.")
    sentence = ChangedSentence(key=CATALOGUE["chat.arrived"].row_key)
    sentence.set_texts({"vous": "Quelqu'un est là."})
    sentence.save()
    [work] = chief.get(reverse("admin:pages_contentblock_to_translate")).context["works"]
    missing = {item.words: item for item in work.missing}
    assert missing["Essai"].parts == "titre en anglais, texte en anglais" and missing["Venir"].kind == "Réponse prête"
    assert {item.words for item in work.outdated} == {"Quelqu'un est là."}
    for url in (missing["Essai"].url, missing["Venir"].url, work.outdated[0].url):
        assert chief.get(url).status_code == 200
    assert "2 textes sans traduction, et 1 texte dont la traduction ne suit plus le français" in tasks()
    block.set_texts({"title_en": "Trial", "body_en": "One."}).save()
    reply.set_texts({"vous_en": "Come."}).save()  # it has a text with « tu » too
    assert "1 texte dont la traduction ne suit plus le français" in tasks()
    [work] = to_translate.read()
    assert not {"Essai", "Venir"} & {item.words for item in work.missing}


def test_openings_in_hand_and_late_are_told_apart(nothing_to_do):
    asker = make.agent()
    conversation = make.assigned(asker)
    grounds = opening_actions.Grounds(
        motive="essai", legal_ground="essai", prosecutor_reference="1", prosecutor_on="2026-11-25"
    )
    reporter_identity.seal_identity(conversation.report, name="A", contact="", connection=Connection("", ""))
    opening_actions.ask_opening(
        report=conversation.report,
        field=OpeningField.NAME,
        grounds=grounds,
        is_urgent=False,
        recipient=None,
        by=asker.user,
    )
    assert "1 levée d'anonymat en cours" in tasks()  # besides the accounts that this test made
    late = to_do.read(timezone.now() + timedelta(days=5))["tasks"]
    assert any(line.words == "1 levée d'anonymat en cours, dont 1 en retard" for line in late)


def test_where_captures_are_taken_somebody_is_to_be_named(nothing_to_do, chief, settings):
    CaptureContact.objects.all().delete()
    settings.CAPTURES = False
    assert tasks() == []
    settings.CAPTURES = True
    [line] = to_do.read(timezone.now())["tasks"]
    assert line.words == "Captures : la personne à prévenir n'est pas encore nommée" and line.is_due
    named = {"name": "Commandant Essai, référent", "reach": "poste 12 34"}
    assert chief.get(line.url).status_code == 200 and chief.post(line.url, named).status_code == 302
    assert tasks() == [] and chief.get(line.url).status_code == 403, "there is one"
    assert CaptureContact.current().reach == "poste 12 34"


def test_counts_stop_and_queries_do_not_grow(nothing_to_do, chief, monkeypatch):
    monkeypatch.setattr(to_do, "MOST", 3)
    chief.get("/admin/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            chief.get("/admin/")
        return len(caught)

    before = queries()
    for number in range(6):
        make_user(f"sans{number}", Role.AGENT)
        make.waiting()
    assert tasks() == ["plus de 3 comptes actifs sans second facteur"]
    assert queries() == before


def test_state_says_what_asks_for_somebody(nothing_to_do):
    now = timezone.now()
    make.waiting()
    WebHeartbeat.objects.create(role=web_heartbeat.PAGES, seen_at=now)
    WebHeartbeat.objects.create(role=web_heartbeat.SOCKETS, seen_at=now - timedelta(minutes=5))
    ChatClosure.objects.create(reason=ClosureReason.STAFF, starts_at=now - timedelta(minutes=1))
    closures.forget()
    state = to_do.read(now)["state"]
    assert [line.is_due for line in state] == [True, True, False, True]
    words = " ".join(line.words for line in state)
    for told in ("fermé, sans date de fin", "0 agent disponible, 1 personne attend", "des pages : en marche"):
        assert told in words
    assert "des échanges : vu pour la dernière fois" in words


def test_state_counts_who_waits_as_the_board_does(nothing_to_do):
    now = timezone.now()
    make.waiting()
    for minutes in (20, 30):
        gone = make.waiting(queued_at=make.long_ago(minutes))
        Conversation.objects.filter(pk=gone.pk).update(reporter_seen_at=make.long_ago(minutes - 1))
    left = make.waiting()
    resume.park_conversation(report=left.report)
    for urgency in (Urgency.NORMAL, Urgency.NORMAL, Urgency.CRITICAL):
        alike = make.waiting(urgency=urgency)
        Conversation.objects.filter(pk=alike.pk).update(lookalike_group=uuid4())
    board = live_board.read(now, units=set())
    assert (board.waiting, board.apart) == (2, 3)
    line = to_do.read(now)["state"][1]
    assert line.words == "0 agent disponible, 2 personnes attendent, 3 absentes à part." and line.is_due
    Conversation.objects.update(reporter_seen_at=make.long_ago(60))
    line = to_do.read(now)["state"][1]
    assert "0 personne attend, 7 absentes à part." in line.words and not line.is_due


def test_every_list_says_what_it_is_for(chief):
    classes = {model._meta.label for model in admin.site._registry}
    assert classes == set(PURPOSES)
    page = shown(chief)
    for purpose in PURPOSES.values():
        assert str(purpose) in page, purpose
