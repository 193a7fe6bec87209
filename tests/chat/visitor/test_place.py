"""A person gives their exchange the place that they chose since the report was filed, without a script."""

import re
from html import unescape

import pytest
from django.core.cache import cache
from django.urls import reverse

from chat.casework import proposals
from chat.conversations import actions
from chat.models import Conversation, Message
from chat.rules.lifecycle import Author
from chat.visitor import place
from locations.models import Force, ReceptionPoint
from reports.models import Report
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.factories import locations as places

pytestmark = pytest.mark.django_db

PAGE, GIVE = reverse("chat:conversation"), reverse("chat:place")
CHOSEN, CONTACTS = reverse("locations:chosen"), reverse("locations:my_contacts")
NOWHERE = {"postal_code": "", "force": ""}
LINE = "Lieu indiqué : qui répond le voit à côté des messages."


@pytest.fixture(autouse=True)
def _no_counts_left():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def belley() -> ReceptionPoint:
    commune = places.municipality("Belley", "01034", ("01300",))
    return places.reception_point("Gendarmerie - Brigade de Belley", for_=commune)


def search(client, text: str = "01300", purpose: str = "echange"):
    return client.post(reverse("locations:search"), {"q": text, "purpose": purpose})


def shown(answer) -> str:
    return unescape(answer.text).replace("\xa0", " ")


def give(client, where: str = CHOSEN):
    """Press the button of the page, with what it sends."""
    return client.post(GIVE, {"shown": client.get(where).context["choice"].key})


def place_of(conversation: Conversation) -> tuple:
    report = Report.objects.get(pk=conversation.report_id)
    return report.postal_code, report.municipality_id, report.reception_point, report.force, report.is_nearest


def lines_of(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(conversation=conversation, author=Author.SYSTEM)
    said = [row.body.replace("\xa0", " ") for row in rows.select_related("conversation")]
    return [body for body in said if body == LINE]


@pytest.mark.parametrize(("purpose", "where"), [("echange", CHOSEN), ("contacts", CONTACTS)])
def test_place_chosen_during_an_exchange_is_given_to_it_by_a_press(as_reporter, belley, purpose, where):
    conversation = make.assigned(**NOWHERE)
    client = as_reporter(conversation)
    assert search(client, purpose=purpose).url == where
    assert place_of(conversation) == ("", None, None, "", False), "nothing before the person has seen it"
    page = shown(client.get(where))
    assert f'action="{GIVE}"' in page and "voit ce lieu seulement si vous l'indiquez" in page
    assert give(client, where).url == PAGE
    assert place_of(conversation) == ("01300", "01034", belley, Force.GENDARMERIE, False)
    assert lines_of(conversation) == [LINE] and LINE in shown(client.get(PAGE))
    assert f'action="{GIVE}"' not in client.get(where).text, "it is there already"


def test_agent_can_propose_an_appointment_and_a_complaint_once_the_place_is_given(as_reporter, belley):
    conversation = make.assigned(**NOWHERE)
    console = signed_in(conversation.assigned_to.user)
    meets = {"act": "appointment", "day": "2099-01-05", "hour": "10:00"}
    propose = reverse("console:propose", args=[conversation.public_id])
    assert "puis l'indiquer dans son échange" in shown(console.post(propose, meets))
    client = as_reporter(conversation)
    search(client)
    give(client)
    page = shown(console.get(page_of(conversation)))
    assert belley.name in page and 'data-place="01034_' in page
    assert "puis l'indiquer dans son échange" not in shown(console.post(propose, meets))
    asked = proposals.propose_complaint(conversation_id=conversation.pk, by=conversation.assigned_to.user)
    assert belley.name in asked.words["text"]


@pytest.mark.parametrize("passed_on", [False, True])
def test_person_who_waits_is_matched_to_the_force_of_the_place(as_reporter, belley, passed_on):
    """An exchange that an agent passed to a force on purpose stays with it."""
    conversation = make.waiting(force=Force.POLICE)
    if passed_on:
        Conversation.objects.filter(pk=conversation.pk).update(force="")
    client = as_reporter(conversation)
    search(client)
    give(client)
    conversation.refresh_from_db()
    assert conversation.force == ("" if passed_on else Force.GENDARMERIE)
    assert conversation.report.force == Force.GENDARMERIE


def test_place_that_was_guessed_has_to_be_checked(as_reporter, belley):
    places.municipality("Hameau", "01035", ("01300",), population=1)
    conversation = make.assigned(**NOWHERE)
    client = as_reporter(conversation)
    search(client)
    give(client)
    assert place_of(conversation)[4] is True
    console, place_key = signed_in(conversation.assigned_to.user), re.compile(r'data-place="([^"]*)"')
    (guessed,) = set(place_key.findall(console.get(page_of(conversation)).text))
    Report.objects.update(is_nearest=False)
    (certain,) = set(place_key.findall(console.get(page_of(conversation)).text))
    assert guessed != certain, "an open page shows that it is certain now"


def test_place_that_another_tab_chose_is_shown_first(as_reporter, belley):
    conversation = make.assigned(**NOWHERE)
    client = as_reporter(conversation)
    search(client)
    for sent in ({}, {"shown": "75056__75001"}):
        assert client.post(GIVE, sent).url == CHOSEN
    assert place_of(conversation)[0] == "" and not lines_of(conversation)


def test_same_place_twice_is_one_line_and_no_change(as_reporter, belley):
    conversation = make.assigned(**NOWHERE)
    client = as_reporter(conversation)
    search(client)
    key = client.get(CHOSEN).context["choice"].key
    assert {client.post(GIVE, {"shown": key}).url for _each in range(3)} == {PAGE}
    assert lines_of(conversation) == [LINE]


def test_exchange_that_is_over_keeps_its_place(as_reporter, belley):
    conversation = make.assigned(**NOWHERE)
    client = as_reporter(conversation)
    search(client)
    key = client.get(CHOSEN).context["choice"].key
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    assert f'action="{GIVE}"' not in client.get(CHOSEN).text
    assert client.post(GIVE, {"shown": key}).url == PAGE
    assert place_of(conversation)[0] == "" and not lines_of(conversation)


def test_place_may_change_so_often_an_hour(as_reporter, belley, monkeypatch):
    monkeypatch.setattr(place, "PLACES", 1)
    other = places.municipality("Ailleurs", "01999", ("01990",))
    conversation = make.assigned(**NOWHERE)
    client = as_reporter(conversation)
    search(client)
    give(client)
    search(client, "01990")
    answer = give(client)
    assert answer.url == CHOSEN and "trop souvent. Réessayez dans une heure." in shown(client.get(CHOSEN))
    assert place_of(conversation)[1] == "01034" != other.pk


def test_without_a_visit_nothing_is_given(client, belley):
    search(client)
    assert client.post(GIVE, {"shown": f"01034_{belley.pk}_01300"}).status_code == 302
    assert not Message.objects.exists()
