"""The work beside the thread, by its actions and by its pages: facts, proposals, emergency, the end, a document."""

import json
import re
import resource
import threading
import time
import uuid
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.utils import timezone

from chat.casework import closing, emergencies, fact_sheet, proposals
from chat.casework.fact_sheet import Facts
from chat.console import casework, casework_panels
from chat.conversations import actions, pauses
from chat.documents import drawing, font_coverage, transcript_pdf
from chat.documents.transcript_pdf import SLIP, Document, Section
from chat.models import Conversation, ConversationEvent, EventKind
from chat.models.casework import ALPHABET, Closing, Emergency, FactSheet, Proposal
from chat.rules import plain_text
from chat.rules.closing import Point, missing
from chat.rules.emergency import CHECKLISTS, Situation
from chat.rules.lifecycle import Author, Status
from chat.texts import thread as thread_texts
from common import encryption
from common.offload import pool
from common.texts import catalogue
from locations.models import Partner, ReceptionPoint
from reports.audit import for_the_person
from reports.models import AccessKind, AccessRecord
from reports.session import GENERATION, KEY
from tests.chat.console.test_conversation import _fast_passwords, page_of, signed_in  # noqa: F401
from tests.factories import chat as make
from tests.support.reading import spaced, squeezed

pytestmark = pytest.mark.django_db

SECRET = "pseudo-que-personne-ne-lit"


@pytest.fixture
def agent():
    return make.agent()


@pytest.fixture
def conversation(agent):
    return make.assigned(agent)


@pytest.fixture
def console(agent):
    return signed_in(agent.user)


def visit(conversation) -> Client:
    """The browser of the person."""
    client = Client()
    session = client.session
    session[KEY], session[GENERATION] = str(conversation.report.public_id), conversation.report.visit_generation
    session.save()
    return client


def station(**fields) -> ReceptionPoint:
    """Open from 8 to 12 on weekdays, in Paris' time."""
    week = {day: [["08:00", "12:00"]] for day in ("mon", "tue", "wed", "thu", "fri")} | {"sat": [], "sun": []}
    values = {
        "name": "Commissariat de Bondy",
        "force": "police",
        "key": str(uuid.uuid4()),
        "address": "1 rue de la Paix",
        "postal_code": "93140",
        "town": "Bondy",
        "telephone": "01 00 00 00 00",
        "department_code": "93",
        "opening_hours": week,
    }
    return ReceptionPoint.objects.create(**values | fields)


def national(name="France Victimes") -> Partner:
    return Partner.objects.create(name=name, kind="national", key=str(uuid.uuid4()), telephone="116 006")


def save(conversation, version=0, **facts):
    conversation.refresh_from_db()
    return fact_sheet.save_sheet(
        conversation_id=conversation.pk, version=version, facts=Facts(**facts), by=conversation.assigned_to.user
    )


def last_body(conversation) -> str:
    return conversation.messages.order_by("-seq").first().body


# --- the sheet ------------------------------------------------------------------------------------------------------


def test_sheet_is_kept_and_its_notes_are_sealed(conversation):
    sheet = save(conversation, present=["online"], absent=["group"], notes={"accounts": SECRET})
    assert (sheet.version, sheet.present, sheet.absent) == (1, ["online"], ["group"])
    row = FactSheet.objects.get()
    assert SECRET.encode() not in bytes(row.sealed_words)
    assert row.words["accounts"] == SECRET


def test_sheet_moved_to_another_conversation_does_not_open(conversation):
    save(conversation, notes={"notes": SECRET})
    other = make.assigned()
    FactSheet.objects.update(conversation=other)
    with pytest.raises(encryption.UnsealError):
        FactSheet.objects.get().words  # noqa: B018
    assert fact_sheet.facts_of(fact_sheet.sheet_of(other)).notes is None


def test_sheet_older_version_saves_nothing(conversation):
    save(conversation, notes={"notes": "un"})
    save(conversation, version=1, notes={"notes": "deux"})
    with pytest.raises(fact_sheet.Older):
        save(conversation, version=1, notes={"notes": "vieux"})
    assert FactSheet.objects.get().words["notes"] == "deux"


def test_sheet_same_facts_again_is_no_new_version(conversation):
    notes = dict.fromkeys(FactSheet.NOTES, "")
    save(conversation, present=["online"], notes=notes)
    assert save(conversation, version=1, present=["online"], notes=notes).version == 1


def test_sheet_of_a_conversation_that_went_to_somebody_else(conversation, agent):
    other = make.agent()
    with pytest.raises(actions.NotYours):
        fact_sheet.save_sheet(conversation_id=conversation.pk, version=0, facts=Facts(), by=other.user)


def test_sheet_says_one_thing_of_each_element(conversation):
    with pytest.raises(IntegrityError), transaction.atomic():
        save(conversation, present=["online"], absent=["online"])


def test_sheet_page_without_a_script(conversation, console):
    data = {"version": "0", "online": "yes", "repeated": "yes", "links": "https://mechant.example/x", "dates": "hier"}
    answer = console.post(page_of(conversation) + "fiche/", data)
    assert answer.status_code == 302
    html = console.get(page_of(conversation)).text
    assert "code pénal, art. 222-33-2-2" in html
    assert "manque encore" in html and "Qu&#x27;est-ce que cela a changé" in html
    assert "hxxps://mechant[.]example/x" in html
    assert 'href="https://mechant.example' not in html


def test_sheet_second_tab_is_told_and_loses_nothing(conversation, console):
    address = page_of(conversation) + "fiche/"
    console.post(address, {"version": "0", "notes": "première fenêtre"})
    html = console.post(address, {"version": "0", "notes": "seconde fenêtre", "online": "yes"}).text
    assert "Cette page est plus ancienne" in html
    assert "première fenêtre" in html and re.search(r"<textarea[^>]*>\nseconde fenêtre</textarea>", html)
    assert FactSheet.objects.get().words["notes"] == "première fenêtre"
    version = re.search(r'name="version" value="(\d+)"', html).group(1)
    console.post(address, {"version": version, "notes": "seconde fenêtre"})
    assert FactSheet.objects.get().words["notes"] == "seconde fenêtre"


def test_sheet_autosave_answers_its_state_alone(conversation, console):
    address = page_of(conversation) + "fiche/"
    data = {"version": "0", "autosave": "1", "threat": "yes"}
    html = console.post(address, data).text
    assert 'name="version" value="1"' in html and "Enregistré à" in html and "<textarea" not in html
    older = console.post(address, data | {"threat": "no"}).text
    assert "data-conflict" in older and FactSheet.objects.get().present == ["threat"]


def test_sheet_of_what_has_ended_is_read_and_no_longer_filled(conversation, console):
    save(conversation, present=["online"], notes={"notes": "un groupe privé"})
    closing.close_conversation(
        conversation_id=conversation.pk, outcome="advised", by=conversation.assigned_to.user, points={}
    )
    html = console.get(page_of(conversation)).text
    assert "un groupe privé" in html and "code pénal, art. 222-33-2-2" in html
    assert 'name="notes"' not in html and 'class="console-sheet"' not in html


def test_sheet_too_long_is_said_and_kept_in_the_page(conversation, console):
    html = console.post(page_of(conversation) + "fiche/", {"version": "0", "notes": "x" * 4001}).text
    assert "La fiche n'est pas enregistrée" in html and "x" * 4001 in html
    assert not FactSheet.objects.exists()


@pytest.mark.parametrize("link", ["https://a.example/b?c=d.e", "HTTP://A.example", "qui@a.example", "a.example"])
def test_link_is_shown_as_no_link(link):
    shown = plain_text.neutralise(link)
    assert not re.search(r"https?://|\w\.\w|\w@\w", shown, re.IGNORECASE)


# --- one's own ------------------------------------------------------------------------------------------------------


def test_search_finds_ones_own_by_facts_and_leaves_a_line(conversation, console):
    save(conversation, present=["online", "minor"])
    strange = make.assigned(make.agent(unit_name="Ailleurs"))
    save(strange, present=["online", "minor"])
    html = console.post("/console/mes-echanges/", {"facts": ["online", "minor"]}).text
    assert str(conversation.public_id) in html and str(strange.public_id) not in html
    line = AccessRecord.objects.get(kind=AccessKind.SEARCH)
    assert line.detail == "own exchanges: facts; found 1" and line.subject == ""
    none = console.post("/console/mes-echanges/", {"facts": ["online", "couple"]}).text
    assert str(conversation.public_id) not in none and "Aucun échange ne réunit" in none


def test_search_by_period_outcome_and_urgency(conversation, console):
    today = timezone.localdate()

    def finds(**asked):
        html = console.post("/console/mes-echanges/", {k: str(v) for k, v in asked.items()}).text
        return str(conversation.public_id) in html

    assert finds(since=today, until=today)
    assert not finds(since=today + timedelta(days=1))
    assert not finds(until=today - timedelta(days=1))
    assert finds(urgency=conversation.urgency) and not finds(urgency=2)
    assert not finds(outcome="advised")
    closing.close_conversation(
        conversation_id=conversation.pk, outcome="advised", by=conversation.assigned_to.user, points={}
    )
    assert finds(outcome="advised")


def test_search_has_no_field_for_words(console):
    """What a person wrote cannot be looked for, by any field."""
    html = console.get("/console/mes-echanges/").text
    assert not re.search(r'<input[^>]*type="(text|search)"|<textarea', html)
    assert AccessRecord.objects.count() == 0  # opening the page looks for nothing


# --- proposals ------------------------------------------------------------------------------------------------------


def ask(conversation, text="Pouvez-vous parler ?", answers=("Oui", "Non")) -> Proposal:
    return proposals.ask_question(
        conversation_id=conversation.pk, text=text, answers=answers, by=conversation.assigned_to.user
    )


def answer(conversation, proposal, body):
    actions.post_message(
        conversation_id=conversation.pk, client_id=proposal.answer_id, body=body, author=Author.REPORTER
    )


def test_question_is_an_ordinary_message_with_a_name_that_tells_it(conversation):
    row = ask(conversation)
    message = conversation.messages.get(client_id=row.asked_id)
    assert (message.author, message.body) == (Author.AGENT, "Pouvez-vous parler ?")
    assert message.client_id.version == 8
    assert ConversationEvent.objects.filter(kind=EventKind.PROPOSED, detail="question").exists()


def test_question_is_answered_by_a_tap_without_a_script(conversation):
    ask(conversation)
    client = visit(conversation)
    html = client.get("/tchat/").text
    form = re.search(r'<form class="pnav-answers".*?</form>', html, re.DOTALL).group()
    assert "hidden>" not in form.split(">")[0] + ">" and form.count("<button") == 2
    client_id = re.search(r'name="client_id" value="([^"]+)"', form).group(1)
    assert client.post("/tchat/message/", {"client_id": client_id, "body": "Non"}).status_code == 302
    assert last_body(conversation) == "Non"
    (shown,) = proposals.proposals_of(conversation)
    assert (shown.answer, shown.by_button, shown.is_agreed) == ("Non", True, False)
    assert proposals.open_question(conversation) is None
    assert (
        "<button"
        not in re.search(r'<form class="pnav-answers".*?</form>', client.get("/tchat/").text, re.DOTALL).group()
    )


def test_question_in_the_frame_of_who_has_no_script(conversation):
    row = ask(conversation)
    html = visit(conversation).get("/tchat/suite/?apres=0&etat=active").text
    assert "_top" not in html and str(row.answer_id) in html


def test_answer_in_the_frame_stays_in_the_frame(conversation):
    row = ask(conversation)
    client, address = visit(conversation), "/tchat/suite/?apres=2&etat=active"
    form = re.search(r'<form class="pnav-answers".*?</form>', unescape(client.get(address).text), re.DOTALL).group()
    assert f'action="{address}"' in form, "the page around it holds what is being typed"
    for _twice in range(2):
        answered = client.post(address, {"client_id": str(row.answer_id), "body": "Non"})
        assert (answered.status_code, answered.headers["Location"]) == (302, address)
        assert answered.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert [message.body for message in conversation.messages.filter(author=Author.REPORTER)] == ["Non"]
    page = unescape(client.get(address).text)
    assert 'data-part="body">Non</p>' in page and "<form" not in page


def test_answer_in_the_frame_of_an_exchange_that_ended_or_of_no_visit_writes_nothing(client, conversation):
    row = ask(conversation)
    told = {"client_id": str(row.answer_id), "body": "Non"}
    assert "Effacer cette page" in client.post("/tchat/suite/", told).text
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    person = visit(conversation)
    assert "L’échange est terminé." in unescape(person.post("/tchat/suite/", told, follow=True).text)
    assert not conversation.messages.filter(author=Author.REPORTER).exists()


def test_question_for_the_script_as_json(conversation):
    row = ask(conversation)
    client = visit(conversation)
    told = client.get("/tchat/reponses/").json()["question"]
    assert told == {"seq": 2, "client_id": str(row.answer_id), "answers": ["Oui", "Non"]}
    answer(conversation, row, "Oui")
    assert client.get("/tchat/reponses/").json()["question"] is None


def test_question_tapped_twice_is_answered_once(conversation):
    row = ask(conversation)
    answer(conversation, row, "Oui")
    answer(conversation, row, "Non")
    assert [message.body for message in conversation.messages.filter(author=Author.REPORTER)] == ["Oui"]


def test_question_is_sealed(conversation):
    ask(conversation, text=SECRET)
    assert SECRET.encode() not in bytes(Proposal.objects.get().sealed_words)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"question": "", "answer_1": "Oui", "answer_2": "Non"}, "Écrivez la question."),
        ({"question": "Là ?", "answer_1": "Oui", "answer_2": ""}, "Écrivez la deuxième réponse."),
        ({"question": "Là ?", "answer_1": "Oui", "answer_2": "Oui"}, "Deux réponses sont les mêmes."),
    ],
)
def test_question_in_error_keeps_what_was_typed(sent, said, conversation, console):
    html = console.post(page_of(conversation) + "propositions/", {"act": "question", **sent}).text
    assert said in html and not Proposal.objects.exists()
    assert sent["question"] in html


def test_question_after_the_end_is_not_sent(conversation, console):
    closing.close_conversation(
        conversation_id=conversation.pk, outcome="left", by=conversation.assigned_to.user, points={}
    )
    data = {"act": "question", "question": "Là ?", "answer_1": "Oui", "answer_2": "Non"}
    html = console.post(page_of(conversation) + "propositions/", data).text
    assert "rien n&#x27;a été proposé" in html and not Proposal.objects.exists()


def test_partner_consent_by_the_person(conversation):
    row = proposals.propose_partner(
        conversation_id=conversation.pk, partner_id=national().pk, by=conversation.assigned_to.user
    )
    assert "France Victimes, 116 006" in last_body(conversation)
    assert conversation.messages.get(client_id=row.asked_id).author == Author.SYSTEM
    conversation.refresh_from_db()
    assert len(proposals.unanswered_consent(conversation)) == 1
    answer(conversation, row, "Oui")
    (shown,) = proposals.proposals_of(conversation)
    assert shown.is_agreed and shown.by_button and proposals.unanswered_consent(conversation) == ()


def test_partner_other_words_are_no_consent(conversation):
    row = proposals.propose_partner(
        conversation_id=conversation.pk, partner_id=national().pk, by=conversation.assigned_to.user
    )
    answer(conversation, row, "Oui mais pas maintenant")
    (shown,) = proposals.proposals_of(conversation)
    assert shown.is_answered and not shown.is_agreed


def test_partner_consent_said_in_the_exchange(conversation, console):
    console.post(page_of(conversation) + "propositions/", {"act": "partner", "partner": national().pk})
    row = Proposal.objects.get()
    console.post(page_of(conversation) + "propositions/", {"act": "said", "said": "yes", "asked": row.asked_id})
    (shown,) = proposals.proposals_of(conversation)
    assert shown.is_agreed and not shown.by_button and shown.proposal.said_at
    assert "dit dans l'échange" in console.get(page_of(conversation)).text


def test_partner_said_never_overwrites_the_persons_own_answer(conversation):
    row = ask(conversation)
    answer(conversation, row, "Non")
    by = conversation.assigned_to.user
    proposals.record_said(conversation_id=conversation.pk, asked_id=row.asked_id, said="yes", by=by)
    (shown,) = proposals.proposals_of(conversation)
    assert shown.answer == "Non" and not shown.is_agreed


def test_partner_of_nowhere_is_refused(conversation):
    with pytest.raises(proposals.NoSuchPartner):
        proposals.propose_partner(conversation_id=conversation.pk, partner_id=1, by=conversation.assigned_to.user)


def test_proposal_speaks_the_language_of_the_visit(agent):
    conversation = make.assigned(agent, language="en")
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    assert "Filing a complaint" in last_body(conversation)
    assert proposals.open_question(conversation).answers[0] == "Yes"


def test_complaint_says_where_when_and_what_to_bring(agent):
    conversation = make.assigned(agent, reception_point=station())
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    body = last_body(conversation)
    assert "Commissariat de Bondy, 1 rue de la Paix, 93140 Bondy" in body
    assert "du lundi au vendredi de 8 h à 12 h" in body and "captures d'écran" in body


def test_complaint_to_a_minor_says_tu_and_that_it_needs_no_parent(agent):
    conversation = make.assigned(agent, age_band="15_17", reception_point=station())
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    assert "même sans tes parents" in last_body(conversation)


def test_lines_of_the_thread_name_pages_and_no_address(agent):
    """Whoever reads them has the page under a button, and cannot press an address."""
    told = [one for one in catalogue.CATALOGUE.values() if one.place in (thread_texts.THREAD, thread_texts.PROPOSALS)]
    texts = [text for one in told for text in one.origins().values()]
    assert len(texts) > 40 and not [text for text in texts if re.search(r"/\w+/", text)]
    conversation = make.assigned(agent, reception_point=station())
    browser = visit(conversation)
    assert 'id="slip" hidden' in browser.get("/tchat/").text
    assert browser.get("/tchat/reponses/").json()["slip"] is False
    proposals.propose_appointment(
        conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=7), by=agent.user
    )
    line = spaced(last_body(conversation))
    assert "à la page « Mon rendez-vous »" in line and "/tchat/" not in line
    assert browser.get("/tchat/reponses/").json()["slip"] is True, "the page that is open shows the way there"
    assert 'id="slip">' in browser.get("/tchat/").text


@pytest.mark.parametrize("telephone", ["01 00 00 00 00", ""])
def test_slip_asks_to_call_where_a_number_is_known_alone(agent, telephone):
    point = station(opening_hours=None, telephone=telephone)
    conversation = make.assigned(agent, reception_point=point)
    proposals.propose_appointment(
        conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=7), by=agent.user
    )
    html = squeezed(unescape(visit(conversation).get("/tchat/rendez-vous/").text))
    assert ("Inconnus : appeler avant." in html) is bool(telephone)
    assert ("<p>Inconnus.</p>" in html) is not bool(telephone)
    assert visit(conversation).get("/tchat/rendez-vous/papier/").content.startswith(b"%PDF")
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    assert ("appeler avant" in last_body(conversation)) is bool(telephone)


def next_weekday(number: int) -> datetime:
    """A day without a public holiday, far enough: that weekday of the second week of next February."""
    year = timezone.localdate().year + 1
    day = datetime(year, 2, 8)  # noqa: DTZ001
    while day.weekday() != number:
        day += timedelta(days=1)
    return day


def appointment(console, conversation, day, hour, **more):
    data = {"act": "appointment", "day": f"{day:%Y-%m-%d}", "hour": hour, **more}
    return console.post(page_of(conversation) + "propositions/", data)


def test_appointment_in_opening_hours(agent, console):
    conversation = make.assigned(agent, reception_point=station())
    assert appointment(console, conversation, next_weekday(1), "10:30").status_code == 302
    row = Proposal.objects.get()
    assert re.fullmatch(f"PNAV-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", row.file_number)
    assert row.file_number in last_body(conversation) and "10 h 30" in last_body(conversation)
    html = visit(conversation).get("/tchat/rendez-vous/").text
    assert row.file_number in html and "1 rue de la Paix" in html and "10 h 30" in html


@pytest.mark.parametrize(("weekday", "hour"), [(1, "15:00"), (5, "10:00")])
def test_appointment_when_closed_is_said_beside_the_field(weekday, hour, agent, console):
    conversation = make.assigned(agent, reception_point=station())
    day = next_weekday(weekday)
    html = appointment(console, conversation, day, hour).text
    assert "fermée à cette heure" in html and f'value="{day:%Y-%m-%d}"' in html
    assert appointment(console, conversation, day, hour, checked="on").status_code == 302


def test_appointment_on_a_holiday_of_unknown_hours_needs_a_call(agent, console):
    conversation = make.assigned(agent, reception_point=station())
    may_first = datetime(timezone.localdate().year + 1, 5, 1)  # noqa: DTZ001
    now = timezone.localdate()
    if (may_first.date() - now).days > 365:
        may_first = may_first.replace(year=now.year)
    html = appointment(console, conversation, may_first, "10:00").text
    assert "Jour férié, horaires inconnus" in html and not Proposal.objects.exists()


def test_appointment_without_a_unit_or_in_the_past(agent, console):
    assert (
        "Aucun point d&#x27;accueil connu" in appointment(console, make.assigned(agent), next_weekday(1), "10:00").text
    )
    conversation = make.assigned(agent, reception_point=station())
    past = timezone.localtime() - timedelta(days=3)
    assert "à venir" in appointment(console, conversation, past, "10:00").text


def test_appointment_refused_is_no_longer_shown(agent):
    conversation = make.assigned(agent, reception_point=station())
    meets_at = timezone.now() + timedelta(days=3)
    row = proposals.propose_appointment(conversation_id=conversation.pk, meets_at=meets_at, by=agent.user)
    client = visit(conversation)
    assert row.file_number in client.get("/tchat/rendez-vous/").text
    answer(conversation, row, "Non")
    assert row.file_number not in client.get("/tchat/rendez-vous/").text


def test_appointment_slip_as_a_tagged_pdf(agent):
    conversation = make.assigned(agent, reception_point=station())
    meets_at = timezone.now() + timedelta(days=3)
    proposals.propose_appointment(conversation_id=conversation.pk, meets_at=meets_at, by=agent.user)
    response = visit(conversation).get("/tchat/rendez-vous/papier/")
    assert response["Content-Type"] == "application/pdf"
    assert_is_tagged(response.content, "Mon rendez-vous")


def test_appointment_of_nobody_is_sent_to_the_beginning(client):
    for address in ("/tchat/rendez-vous/", "/tchat/rendez-vous/papier/"):
        assert client.get(address).url == "/tchat/"
    assert client.get("/tchat/reponses/").status_code == 401


# --- emergency ------------------------------------------------------------------------------------------------------


def test_emergency_stays_until_it_is_ended(conversation, console):
    address = page_of(conversation) + "procedure/"
    console.post(address, {"situation": "danger"})
    html = console.get(page_of(conversation)).text
    assert "console-emergency" in html and "Où êtes-vous exactement" in html and 'href="tel:17"' in html
    console.post(address, {"step": "location"})
    (step,) = Emergency.objects.get().steps.all()
    assert (step.step, step.by) == ("location", conversation.assigned_to.user)
    first = step.at
    console.post(address, {"step": "location"})
    assert Emergency.objects.get().steps.get().at == first
    console.post(address, {"end": "1"})
    emergency = Emergency.objects.get()
    assert emergency.ended_at and emergency.ended_by == conversation.assigned_to.user
    assert "console-emergency" not in console.get(page_of(conversation)).text
    kinds = list(ConversationEvent.objects.filter(kind__startswith="emergency").values_list("kind", flat=True))
    assert kinds == [EventKind.EMERGENCY, EventKind.EMERGENCY_ENDED]


def test_emergency_asked_twice_is_one(conversation):
    by = conversation.assigned_to.user
    first = emergencies.start(conversation_id=conversation.pk, situation="danger", by=by)
    assert emergencies.start(conversation_id=conversation.pk, situation="suicide", by=by) == first


def test_emergency_step_of_another_checklist_is_refused(conversation):
    by = conversation.assigned_to.user
    emergencies.start(conversation_id=conversation.pk, situation="danger", by=by)
    with pytest.raises(emergencies.NoEmergency):
        emergencies.tick(conversation_id=conversation.pk, step="prevention", by=by)


def test_emergency_every_situation_asks_where_and_gives_a_number():
    for situation in Situation:
        lines = CHECKLISTS[situation]
        assert "location" in [line.step for line in lines]
        assert any(line.numbers for line in lines)
        assert all(line.say is not None for line in lines)


# --- the end --------------------------------------------------------------------------------------------------------


def test_close_outcome_and_confirm_are_enough_where_nothing_else_is_asked(conversation, console):
    answer = console.post(page_of(conversation) + "terminer/", {"outcome": "advised", "confirm": "on"})
    assert answer.status_code == 302
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED and not Closing.objects.exists()


def test_close_summaries_are_sealed_and_the_person_reads_theirs(conversation, console):
    data = {"outcome": "advised", "confirm": "on", "summary": SECRET, "told": "Vous avez bien fait."}
    console.post(page_of(conversation) + "terminer/", data)
    assert SECRET.encode() not in bytes(Closing.objects.get().sealed_words)
    html = visit(conversation).get("/tchat/").text
    assert "Vous avez bien fait." in html and SECRET not in html
    assert visit(conversation).get("/tchat/reponses/").json()["told"] == "Vous avez bien fait."
    assert SECRET in console.get(page_of(conversation)).text


def test_close_minor_says_beside_each_field_and_loses_nothing(agent, console):
    conversation = make.assigned(agent, age_band="under_15")
    data = {"outcome": "advised", "confirm": "on", "told": "Prends soin de toi.", "point_danger": "done"}
    html = console.post(page_of(conversation) + "terminer/", data).text
    assert html.count("Victime mineure : dites ce qu&#x27;il en est.") == len(Point) - 1
    assert "Prends soin de toi." in html and 'value="done" selected' in html
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    points = {f"point_{point}": "done" for point in Point}
    assert console.post(page_of(conversation) + "terminer/", {**data, **points}).status_code == 302
    assert Closing.objects.get().points == dict.fromkeys(Point.values, "done")


def test_close_waits_for_the_end_of_the_emergency(conversation, console):
    by = conversation.assigned_to.user
    emergencies.start(conversation_id=conversation.pk, situation="danger", by=by)
    data = {"outcome": "advised", "confirm": "on", "summary": "long résumé"}
    html = console.post(page_of(conversation) + "terminer/", data).text
    assert "terminez-la d&#x27;abord" in html and "long résumé" in html
    emergencies.finish(conversation_id=conversation.pk, by=by)
    assert console.post(page_of(conversation) + "terminer/", data).status_code == 302


def test_close_waits_for_the_answer_to_a_partner(conversation, console):
    by = conversation.assigned_to.user
    row = proposals.propose_partner(conversation_id=conversation.pk, partner_id=national().pk, by=by)
    data = {"outcome": "partners", "confirm": "on"}
    html = console.post(page_of(conversation) + "terminer/", data).text
    assert "sans réponse notée : France Victimes" in html
    proposals.record_said(conversation_id=conversation.pk, asked_id=row.asked_id, said="nothing", by=by)
    assert console.post(page_of(conversation) + "terminer/", data).status_code == 302


def test_close_by_the_person_needs_nothing(agent):
    conversation = make.assigned(agent, age_band="under_15")
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED


def test_close_what_is_obligatory_is_asked_again_under_the_lock(agent):
    conversation = make.assigned(agent, age_band="under_15")
    with pytest.raises(closing.Unfinished):
        closing.close_conversation(conversation_id=conversation.pk, outcome="advised", by=agent.user, points={})


@pytest.mark.django_db(transaction=True)
def test_close_waits_for_its_agent_before_it_holds_the_conversation(agent, conversation):
    """The agent first, as whoever takes both does: else an end and the end of a duty wait in a circle."""
    failed: list[BaseException] = []

    def end() -> None:
        try:
            closing.close_conversation(conversation_id=conversation.pk, outcome="advised", by=agent.user, points={})
        except BaseException as error:  # noqa: BLE001  looked at in the test's thread
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=end)
    try:
        with transaction.atomic():
            pauses.lock_agent(agent.user_id)  # as a passage that is about to look at the conversation
            thread.start()
            _until_somebody_waits_for_a_lock()
            Conversation.objects.select_for_update(no_key=True, nowait=True).get(pk=conversation.pk)
    finally:
        thread.join(30)
    assert not failed
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED


def _until_somebody_waits_for_a_lock() -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waited")


def test_missing_an_unknown_word_is_not_an_answer():
    found = missing(is_minor=True, points=dict.fromkeys(Point.values, "x"), is_emergency_open=False)
    assert len(found) == len(Point)


# --- a document -----------------------------------------------------------------------------------------------------


def assert_is_tagged(pages: bytes, title: str) -> None:
    """A PDF/UA file: tagged, with its language, and its title where a screen reader says it."""
    assert pages.startswith(b"%PDF-1.7") and b"/StructTreeRoot" in pages
    assert re.search(rb"/Marked\s+true", pages) and re.search(rb"/DisplayDocTitle\s+true", pages)
    assert re.search(rb"/Lang\s*\(fr", pages)
    metadata = pages.decode("utf-8", errors="replace")
    assert "pdfuaid" in metadata
    assert title in re.search(r"<dc:title>.*?</dc:title>", metadata, re.DOTALL).group()


def test_document_is_tagged_marked_and_registered(conversation, console):
    make.message(conversation, "Ils recommencent chaque soir.")
    response = console.post(page_of(conversation) + "document/", {"motive": "complaint"})
    assert response["Content-Type"] == "application/pdf"
    assert "attachment" in response["Content-Disposition"]
    assert_is_tagged(response.content, f"Échange {str(conversation.public_id)[:8]}")
    line = AccessRecord.objects.get(kind=AccessKind.PAPER)
    assert (line.motive, line.subject) == ("Dépôt de plainte", str(conversation.public_id))
    assert line.account_id == conversation.assigned_to.user_id


def test_document_holds_who_when_why_and_the_file(conversation, agent):
    make.message(conversation, "Ils recommencent chaque soir.")
    save(conversation, present=["online"], notes={"links": "https://mechant.example"})
    emergencies.start(conversation_id=conversation.pk, situation="danger", by=agent.user)
    now = timezone.now()
    paper = casework_panels.document(agent, conversation, motive="dépôt de plainte", now=now)
    assert agent.public_name in paper.mark and "dépôt de plainte" in paper.mark
    assert f"{timezone.localtime(now):%d/%m/%Y %H:%M}" in paper.mark
    assert paper.thread[-1][1] == "Ils recommencent chaque soir."
    told = {section.title: section for section in paper.sections}
    assert ("Par internet ou par téléphone", "oui") in told["Fiche des faits"].pairs
    assert ("Liens, un par ligne", "hxxps://mechant[.]example") in told["Fiche des faits"].pairs
    assert told["Procédure d'urgence"].pairs[0][1] == "non coché"


@pytest.mark.parametrize(
    "text", ["😀👨‍👩‍👧 🇫🇷", "مرحبا", "#set page(width: 1cm) $x$ *gras* @ref", "中文 \u202e\u0007 𓀀", "a\n\nb"]
)
def test_document_of_any_text_is_made(text, conversation, console):
    make.message(conversation, text)
    response = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    assert response.status_code == 200 and response.content.startswith(b"%PDF")


@pytest.mark.parametrize("source", [transcript_pdf.EXCHANGE, SLIP])
@pytest.mark.parametrize("sign", ["\x01", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\x9f", "\u202e", "\ufffe"])
def test_document_is_made_whatever_stands_in_any_of_its_parts(sign, source):
    """A control, pasted into the sheet or the place of an appointment, must not keep it from being made."""
    text = f"Guichet{sign}B"
    document = Document(
        title=text,
        about=[text],
        sections=[Section(text, lines=[text], pairs=[(text, text)])],
        mark=text,
        heads=(text, text),
        thread_title=text,
        thread=[(text, text)],
    )
    assert transcript_pdf.draw(document, source).startswith(b"%PDF")


def test_document_shows_what_cannot_be_seen_in_the_sheet(conversation, console, monkeypatch):
    save(conversation, notes={"notes": "Vu le soir\x0bpuis \u202egnp.exe\r\nfin", "links": "xn--e1afmkfd.com"})
    drawn: list[str] = []

    def told(source, data, *, is_plain):
        drawn.append(str(data))
        return b"%PDF"

    monkeypatch.setattr(drawing, "compile_pdf", told)
    monkeypatch.setattr(pool, "run", lambda _module, data, **_who: drawing.work(data))
    response = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    assert response.content.startswith(b"%PDF")
    assert "Vu le soir⟦U+000B⟧puis ⟦U+202E⟧gnp.exe\\nfin" in drawn[-1]


def test_signs_that_are_not_tried_are_drawn_by_typst_everywhere():
    """« ⁃ » was taken for one of them, and no exchange in which somebody wrote it could be put on paper."""
    every = [
        chr(code) for code in range(0x20, 0x3000) if chr(code).isprintable() and not font_coverage.signs_of([chr(code)])
    ]
    assert len(every) > 350 and drawing.can_draw(every, is_plain=True)
    assert font_coverage.signs_of(["a⁃⁁⁓b"]) == ["⁃", "⁁", "⁓"]


def test_document_with_more_signs_than_are_tried_writes_the_rest_by_their_codes(monkeypatch):
    monkeypatch.setattr(font_coverage, "SIGNS_AT_MOST", 2)
    monkeypatch.setattr(font_coverage, "_known", {})
    tried: list[list[str]] = []
    assert font_coverage.drawable(["αβγδ"], can_draw=lambda signs: not tried.append(signs)) == {"α", "β"}
    assert tried == [["α", "β"]]


def test_document_that_takes_too_much_with_all_fonts_is_drawn_with_few(monkeypatch):
    """Signs of every script at once have a font each; a plain text of the same length has not."""
    asked = []

    def run(_module, data, **_who):
        asked.append((data["is_plain"], data["known"]))
        if not data["is_plain"]:
            raise pool.Failed("memory")
        return {"é": False}, b"%PDF"

    monkeypatch.setattr(pool, "run", run)
    monkeypatch.setattr(font_coverage, "_known", {"α": True})
    assert transcript_pdf.draw(long_document(1, "α")) == b"%PDF"
    assert asked == [(False, {"α": True}), (True, {})]
    assert font_coverage._known == {"α": True}, "what few fonts draw says nothing of all of them"
    monkeypatch.setattr(pool, "run", _killed)
    with pytest.raises(pool.Failed):
        transcript_pdf.draw(long_document(1, "α"))


def test_document_writes_signs_that_repeat_once():
    family = "👨\u200d👩\u200d👧"
    assert font_coverage.with_codes(f"a{family * 700}b", set()) == "a⟦U+1F468 200D 1F469 200D 1F467 ×700⟧b"
    assert font_coverage.with_codes("中文文 中", {"文"}) == "⟦U+4E2D⟧文文 ⟦U+4E2D⟧"
    assert font_coverage.with_codes("中文文", set()) == "⟦U+4E2D, 6587 ×2⟧"


def long_document(count, text):
    thread = [(f"{number}. La personne", text) for number in range(1, count + 1)]
    return Document(title="Échange", about=["a"], sections=[Section("Fiche", lines=["b"])], heads=("Sujet", "Réponse"),
                    thread_title="Messages", thread=thread, codes_note="Codes.")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧" * 700, "a😀" * 2000, "bonjour à vous " * 266, "a\n" * 2000, "中文字符" * 1000]
)
def test_long_document_is_cut_into_parts_that_can_be_drawn(text):
    """404 messages of 700 emoji took 12 to 17 s and 2.4 GiB of the process that serves pages. Now each part fits in a
    third of what the child may take, and no message is in none or in two."""
    whole = long_document(404, text)
    parts = casework_panels.parts(whole)
    assert [head for part in parts for head, _body in part.document.thread] == [head for head, _body in whole.thread]
    assert len(parts) > 1 and [bool(part.document.sections) for part in parts] == [True] + [False] * (len(parts) - 1)
    assert parts[1].document.about[-1].startswith(f"Partie 2 sur {len(parts)} : messages {parts[1].first} à ")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    pages = transcript_pdf.draw(max(parts, key=lambda part: len(part.document.thread)).document)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert pages.startswith(b"%PDF")
    assert after.ru_utime - before.ru_utime < pool.CPU_SECONDS / 2


def test_document_has_so_many_messages_at_most():
    parts = transcript_pdf.parts(long_document(transcript_pdf.MESSAGES_AT_MOST + 1, "a"))
    assert list(map(len, parts)) == [transcript_pdf.MESSAGES_AT_MOST, 1]


def test_long_exchange_is_given_part_by_part_each_with_its_line(conversation, console, monkeypatch):
    monkeypatch.setattr(transcript_pdf, "MESSAGES_AT_MOST", 2)
    for number in range(3):
        make.message(conversation, f"numéro {number}")
    shown = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    assert shown.status_code == 200 and "Partie 2 : messages" in shown.text
    assert not AccessRecord.objects.exists()
    asked = {"motive": "justice", "part": "2"}
    pages = console.post(page_of(conversation) + "document/", asked)
    assert pages.content.startswith(b"%PDF") and pages["Content-Disposition"].endswith('-2.pdf"')
    assert AccessRecord.objects.get(kind=AccessKind.PAPER).detail == "pdf: transcript and file, part 2 of 2"
    assert b"Partie 2" in console.post(page_of(conversation) + "document/", {**asked, "part": "3"}).content
    assert AccessRecord.objects.count() == 1


def _killed(*_args, **_given):
    """As `pool.run`, with a child that the machine kills."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "_speak", lambda child, _data: child.kill() or b"")
        return run_in_child(*_args, **_given)


run_in_child = pool.run


@pytest.mark.parametrize(
    ("fault", "told"), [("killed", "Rien n'est perdu : recommencez."), ("busy", "Attendez quelques secondes")]
)
def test_document_that_cannot_be_made_is_told_and_leaves_no_line(conversation, console, monkeypatch, fault, told):
    if fault == "killed":
        monkeypatch.setattr(pool, "run", _killed)
    else:
        monkeypatch.setattr(pool, "_places", threading.BoundedSemaphore(1))
        pool._places.acquire()
    response = console.post(page_of(conversation) + "document/", {"motive": "justice"})
    page = unescape(response.text)
    assert (response.status_code, response["Retry-After"]) == (503, "10") and told in page
    assert 'name="motive" value="justice"' in page
    assert not AccessRecord.objects.exists()


def test_documents_are_not_asked_for_in_a_loop(conversation, console, monkeypatch):
    monkeypatch.setattr(casework, "PAPERS", 1)
    answers = [
        console.post(page_of(conversation) + "document/", {"motive": "justice"}).status_code for _one in range(2)
    ]
    assert answers == [200, 429] and AccessRecord.objects.count() == 1


def test_document_is_drawn_outside_any_transaction(conversation, console, monkeypatch):
    seen = []
    real = pool.run
    depth = len(connection.savepoint_ids)  # of the test itself

    def run(*args, **given):
        seen.append(len(connection.savepoint_ids) - depth)
        return real(*args, **given)

    monkeypatch.setattr(pool, "run", run)
    assert console.post(page_of(conversation) + "document/", {"motive": "justice"}).status_code == 200
    assert seen == [0]


def test_document_writes_what_no_font_draws_by_its_code(monkeypatch):
    monkeypatch.setattr(font_coverage, "_known", {})
    texts = ["bonjour", "中 a 😀", "e\u0301"]
    tries = []

    def can_draw(signs):
        tries.append(signs)
        return "中" not in signs

    kept = font_coverage.drawable(texts, can_draw=can_draw)
    assert font_coverage.with_codes(texts[1], kept) == "⟦U+4E2D⟧ a 😀"
    assert "bonjour" not in str(tries)
    count = len(tries)
    font_coverage.drawable(texts, can_draw=can_draw)
    assert len(tries) == count  # known now


def test_document_tries_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr(font_coverage, "_known", {})
    texts = ["".join(chr(0x5000 + n) for n in range(500))]
    tries = []
    assert font_coverage.drawable(texts, can_draw=lambda signs: bool(tries.append(signs))) == set()
    assert len(tries) == font_coverage.AT_MOST


def test_document_without_a_reason_is_not_made(conversation, console):
    response = console.post(page_of(conversation) + "document/", {"motive": ""})
    assert "Choisissez pourquoi le document est fait." in response.text
    assert not AccessRecord.objects.exists()


def test_document_is_for_the_one_who_answers(conversation):
    stranger = signed_in(make.agent(unit_name="Ailleurs").user)
    assert stranger.post(page_of(conversation) + "document/", {"motive": "person"}).status_code == 404
    assert not AccessRecord.objects.exists()


def test_document_is_told_to_the_person(conversation, console):
    console.post(page_of(conversation) + "document/", {"motive": "complaint"})
    (told,) = for_the_person.readings_of([conversation.public_id])
    assert (told.who, told.did) == ("La personne qui a répondu", "en a fait un document")


def test_frames_of_a_question_tell_its_name(conversation):
    """What the page looks at to know that there are ready answers (docs/protocol.md)."""
    ask(conversation)
    answer = visit(conversation).post(
        "/tchat/trames/", json.dumps({"type": "sync", "after": 0}), content_type="application/json"
    )
    items = [item for frame in answer.json()["frames"] if frame["type"] == "messages" for item in frame["items"]]
    assert [item["client_id"][14] for item in items if item["client_id"]] == ["8"]
