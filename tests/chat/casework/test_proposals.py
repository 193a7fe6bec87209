"""Questions, partners, complaints and appointments that an agent proposes, and what the person answers."""

import json
import re
import uuid
from datetime import date, timedelta
from functools import partial
from html import unescape

import pytest
from django.utils import timezone

from chat import pubsub
from chat.casework import closing, proposals
from chat.conversations import actions
from chat.models import ConversationEvent, EventKind
from chat.models.casework import ALPHABET, Proposal
from chat.rules.lifecycle import Author
from chat.texts import thread as thread_texts
from common.texts import catalogue
from locations.models import ReceptionPoint
from reports.models import Report
from tests.chat.casework.desk import SECRET, answer, assert_is_tagged, national, visit
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support import moments
from tests.support.reading import spaced, squeezed

pytestmark = pytest.mark.django_db


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


def last_body(conversation) -> str:
    return conversation.messages.order_by("-seq").first().body


# --- proposals ------------------------------------------------------------------------------------------------------


def ask(conversation, text="Pouvez-vous parler ?", answers=("Oui", "Non")) -> Proposal:
    return proposals.ask_question(
        conversation_id=conversation.pk, text=text, answers=answers, by=conversation.assigned_to.user
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
    assert "L'échange est terminé." in unescape(person.post("/tchat/suite/", told, follow=True).text)
    assert not conversation.messages.filter(author=Author.REPORTER).exists()


def test_question_for_the_script_as_json(conversation):
    row = ask(conversation)
    client = visit(conversation)
    told = client.get("/tchat/reponses/").json()["question"]
    assert told == {"seq": 2, "client_id": str(row.answer_id), "answers": ["Oui", "Non"], "ends_in": None}
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


@pytest.mark.parametrize(
    ("noted", "pressed", "is_agreed"), [("no", "Oui", True), ("nothing", "Oui", True), ("yes", "Non", False)]
)
def test_appointment_follows_the_button_that_the_person_pressed_after_a_note(agent, noted, pressed, is_agreed):
    """The page had its buttons still: after « Oui » there was no slip, and after « Non » there was one."""
    conversation = make.assigned(agent, reception_point=station())
    meets_at = timezone.now() + timedelta(days=3)
    row = proposals.propose_appointment(conversation_id=conversation.pk, meets_at=meets_at, by=agent.user)
    proposals.record_said(conversation_id=conversation.pk, asked_id=row.asked_id, said=noted, by=agent.user)
    answer(conversation, row, pressed)
    (shown,) = proposals.proposals_of(conversation)
    assert (shown.answer, shown.by_button, shown.is_agreed) == (pressed, True, is_agreed)
    assert (proposals.appointment_of(conversation) is not None) is is_agreed
    assert (row.file_number in visit(conversation).get("/tchat/rendez-vous/").text) is is_agreed


def test_answer_that_is_noted_is_told_to_the_pages_of_the_exchange(
    conversation, monkeypatch, django_capture_on_commit_callbacks
):
    row, rung = ask(conversation), []
    monkeypatch.setattr(pubsub, "_publish_now", lambda *rings: rung.extend(rings))
    note = partial(proposals.record_said, conversation_id=conversation.pk, by=conversation.assigned_to.user)
    for _press in range(2):  # the second finds it answered
        with django_capture_on_commit_callbacks(execute=True):
            note(asked_id=row.asked_id, said="no")
    assert rung == [pubsub.Notification(pubsub.STATE, conversation=str(conversation.public_id))]


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


@pytest.mark.parametrize(("holidays", "is_said"), [({}, True), ({"holidays": []}, False)])
def test_person_is_told_that_hours_may_differ_on_public_holidays_of_which_nothing_is_known(agent, holidays, is_said):
    unit = station()
    unit.opening_hours |= holidays
    unit.save()
    conversation = make.assigned(agent, reception_point=unit)
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    row = proposals.propose_appointment(
        conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=3), by=agent.user
    )
    told = "peuvent différer les jours fériés"
    complaint = conversation.messages.order_by("-seq")[1].body
    assert (told in complaint, told in row.words["hours"]) == (is_said, is_said)


def test_complaint_to_a_minor_says_tu_and_that_it_needs_no_parent(agent):
    conversation = make.assigned(agent, age_band="15_17", reception_point=station())
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    assert "même sans tes parents" in last_body(conversation)


@pytest.mark.parametrize("has_unit", [True, False])
@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("witness", ("Témoigner", "ce que vous avez vu ou entendu")),
        ("relative", ("Accompagner pour une plainte", "captures d'écran", "ses parents le peuvent aussi")),
        ("professional", ("Vos propres obligations se lisent à la page des professionnels",)),
    ],
)
def test_complaint_is_proposed_to_who_helps_in_the_words_of_their_role(agent, role, said, has_unit):
    """Only the person to whom it happens files it."""
    unit = {"reception_point": station()} if has_unit else {}
    conversation = make.assigned(agent, role=role, **unit)
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    body = spaced(last_body(conversation))
    assert all(words in body for words in (*said, "revient à la personne qui subit les faits"))
    assert ("Commissariat de Bondy" in body and "de 8 h à 12 h" in body) is has_unit
    assert not body.startswith("Porter plainte") and "Voulez-vous le faire" not in body


def test_agent_of_who_helps_is_told_what_the_person_will_read(agent):
    told = "la phrase dit ce que son rôle permet"
    client = signed_in(agent.user)
    assert told not in unescape(client.get(page_of(make.assigned(agent))).text)
    assert told in unescape(client.get(page_of(make.assigned(agent, role="witness"))).text)


ASKED = [
    ("victim", "Plainte", "complaint", "Proposer de porter plainte"),
    ("witness", "Témoignage", "testimony", "Proposer de témoigner"),
    ("relative", "Accompagner une plainte", "support", "Proposer d'accompagner une plainte"),
    ("professional", "Accompagner une plainte", "support", "Proposer d'accompagner une plainte"),
]


@pytest.mark.parametrize(("role", "title", "asks", "button"), ASKED)
def test_what_was_asked_of_each_role_stands_in_the_console_as_it_was_asked(agent, role, title, asks, button):
    """A « yes » to « Voulez-vous témoigner ? » is no « yes » to a complaint."""
    conversation = make.assigned(agent, role=role)
    client = signed_in(agent.user)
    before = unescape(client.get(page_of(conversation)).text)
    assert {one for _role, _title, _asks, one in ASKED if one in before} == {button}
    answer(conversation, proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user), "Oui")
    (shown,) = proposals.proposals_of(conversation)
    assert (shown.title, shown.asks, shown.answer) == (title, asks, "Oui")
    after = squeezed(unescape(client.get(page_of(conversation)).text))
    assert re.search(rf"<strong>{title}</strong>.{{0,80}}Réponse :\s*<strong>Oui</strong>", after)


@pytest.mark.parametrize("has_unit", [True, False])
@pytest.mark.parametrize(
    ("role", "brings"), [("victim", True), ("witness", False), ("relative", True), ("professional", False)]
)
def test_agent_is_told_no_more_than_the_person_will_read(agent, role, brings, has_unit):
    unit = {"reception_point": station()} if has_unit else {}
    conversation = make.assigned(agent, role=role, **unit)
    page = squeezed(unescape(signed_in(agent.user).get(page_of(conversation)).text))
    proposals.propose_complaint(conversation_id=conversation.pk, by=agent.user)
    body = spaced(last_body(conversation))
    assert ("lit l'adresse" in page) is has_unit is ("1 rue de la Paix" in body)
    assert ("Aucune unité n'est connue" in page) is not has_unit
    assert ("les horaires et ce qu'elle apporte" in page) is (has_unit and brings)
    assert ("À apporter" in body) is brings


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


def appointment(console, conversation, day, hour, **more):
    data = {"act": "appointment", "day": f"{day:%Y-%m-%d}", "hour": hour, **more}
    return console.post(page_of(conversation) + "propositions/", data)


def test_appointment_in_opening_hours(agent, console):
    conversation = make.assigned(agent, reception_point=station())
    assert appointment(console, conversation, moments.weekday(1), "10:30").status_code == 302
    row = Proposal.objects.get()
    assert re.fullmatch(f"PNAV-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", row.file_number)
    assert row.file_number in last_body(conversation) and "10 h 30" in last_body(conversation)
    html = visit(conversation).get("/tchat/rendez-vous/").text
    assert row.file_number in html and "1 rue de la Paix" in html and "10 h 30" in squeezed(html)


@pytest.mark.parametrize(("weekday", "hour"), [(1, "15:00"), (5, "10:00")])
def test_appointment_when_closed_is_said_beside_the_field(weekday, hour, agent, console):
    conversation = make.assigned(agent, reception_point=station())
    day = moments.weekday(weekday)
    html = appointment(console, conversation, day, hour).text
    assert "fermée à cette heure" in html and f'value="{day:%Y-%m-%d}"' in html
    assert appointment(console, conversation, day, hour, checked="on").status_code == 302


def test_appointment_on_a_holiday_of_unknown_hours_needs_a_call(agent, console):
    conversation = make.assigned(agent, reception_point=station())
    today = timezone.localdate()
    holidays = (date(year, month, day) for year in (today.year, today.year + 1) for month, day in ((5, 1), (11, 11)))
    html = appointment(console, conversation, next(day for day in holidays if day > today), "10:00").text
    assert "Jour férié, horaires inconnus" in html and not Proposal.objects.exists()


def test_appointment_without_a_unit_or_in_the_past(agent, console):
    assert (
        "Aucun point d&#x27;accueil connu"
        in appointment(console, make.assigned(agent), moments.weekday(1), "10:00").text
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


def appointment_form(console, conversation) -> str:
    html = console.get(page_of(conversation)).text
    return next(form for form in re.findall("<form.*?</form>", html, re.DOTALL) if 'value="appointment"' in form)


@pytest.mark.parametrize("had_one", [True, False])
def test_appointment_agreed_with_one_unit_is_not_proposed_at_another(agent, console, had_one):
    """The person gave another place while the agent telephoned: the form named no unit, and took the new one."""
    called, other = station(), station(name="Brigade de Rennes")
    conversation = make.assigned(agent, reception_point=called if had_one else None)
    form = appointment_form(console, conversation)
    assert (called.name in form) is had_one
    shown = re.search(r'name="shown" value="([^"]*)"', form).group(1)
    assert shown == (called.key if had_one else "")
    Report.objects.filter(pk=conversation.report_id).update(reception_point=other)
    html = appointment(console, conversation, moments.weekday(1), "10:30", shown=shown, checked="on").text
    assert "a changé entre-temps" in html and not Proposal.objects.exists()
    form = next(one for one in re.findall("<form.*?</form>", html, re.DOTALL) if 'value="appointment"' in one)
    assert f'name="shown" value="{other.key}"' in form and other.name in form and 'value="10:30"' in form
    assert "checked" not in form.replace('name="checked"', ""), "the call was to the other unit"
    ids = [re.findall(r'id="((?:jour|heure)-[^"]*)"', one) for one in (form, appointment_form(console, conversation))]
    assert ids[0] == ids[1] and len(ids[0]) == 4 and all(f"-{other.pk}-" in one for one in ids[0])
    assert appointment(console, conversation, moments.weekday(1), "10:30", shown=other.key).status_code == 302
    assert Proposal.objects.get().words["unit"] == other.name


def test_appointment_whose_unit_changes_after_the_check_is_not_proposed(agent, console, monkeypatch):
    called, other = station(), station(name="Brigade de Rennes")
    conversation = make.assigned(agent, reception_point=called)
    propose = proposals.propose_appointment

    def too_late(**fields):
        Report.objects.filter(pk=conversation.report_id).update(reception_point=other)
        return propose(**fields)

    monkeypatch.setattr(proposals, "propose_appointment", too_late)
    html = appointment(console, conversation, moments.weekday(1), "10:30", shown=called.key).text
    assert "a changé entre-temps" in html and f'value="{other.key}"' in html and not Proposal.objects.exists()


@pytest.mark.parametrize("is_agreed", [False, True])
def test_appointment_that_was_replaced_comes_back_only_if_it_was_agreed_to(agent, is_agreed):
    """« Non » to Thursday brought back Tuesday, to which the person had said nothing, or no in words."""
    conversation = make.assigned(agent, reception_point=station())
    first, second = (
        proposals.propose_appointment(
            conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=days), by=agent.user
        )
        for days in (3, 5)
    )
    if is_agreed:
        answer(conversation, first, "Oui")
    client = visit(conversation)
    assert second.file_number in client.get("/tchat/rendez-vous/").text
    answer(conversation, second, "Non")
    html = client.get("/tchat/rendez-vous/").text
    assert second.file_number not in html and (first.file_number in html) is is_agreed
    assert client.get("/tchat/reponses/").json()["slip"] is is_agreed


@pytest.mark.parametrize("discreet", [False, True])
def test_appointment_whose_hour_has_passed_asks_for_no_answer(agent, discreet):
    """« Cela vous convient-il ? » went on offering « Oui », while « Mon rendez-vous » said that the hour has passed."""
    conversation = make.assigned(agent, reception_point=station(), discreet=discreet)
    row = proposals.propose_appointment(
        conversation_id=conversation.pk, meets_at=timezone.now() + timedelta(days=3), by=agent.user
    )
    client = visit(conversation)
    assert client.get("/tchat/reponses/").json()["question"]["answers"] == ["Oui", "Non"]
    Proposal.objects.filter(pk=row.pk).update(meets_at=timezone.now() - timedelta(minutes=1))
    found = client.get("/tchat/reponses/").json()
    assert (found["question"], found["slip"]) == (None, True)
    assert not any(waits for _text, _answer, waits in proposals.read_on_follow_up(conversation))
    assert "L'heure de ce rendez-vous est passée." in client.get("/tchat/rendez-vous/").text.replace("&#x27;", "'")


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


def test_frames_of_a_question_tell_its_name(conversation):
    """What the page looks at to know that there are ready answers (docs/protocol.md)."""
    ask(conversation)
    answer = visit(conversation).post(
        "/tchat/trames/", json.dumps({"type": "sync", "after": 0}), content_type="application/json"
    )
    items = [item for frame in answer.json()["frames"] if frame["type"] == "messages" for item in frame["items"]]
    assert [item["client_id"][14] for item in items if item["client_id"]] == ["8"]


# --- an appointment whose hour passes ---------------------------------------------------------------------------------

PAST = "L'heure de ce rendez-vous est passée"
FRAME = "/tchat/suite/?apres=0&etat=active"


@pytest.fixture
def meeting(agent):
    conversation = make.assigned(agent, reception_point=station())
    meets_at = timezone.now() + timedelta(hours=1)
    return proposals.propose_appointment(conversation_id=conversation.pk, meets_at=meets_at, by=agent.user)


def passes(row) -> None:
    Proposal.objects.filter(pk=row.pk).update(meets_at=timezone.now() - timedelta(minutes=1))


def answers_form(page: str) -> str:
    return re.search(r'<form class="pnav-answers".*?</form>', unescape(page), re.DOTALL).group()


def test_appointment_whose_hour_has_passed_offers_no_answer_and_says_why(meeting):
    client = visit(meeting.conversation)
    told = client.get("/tchat/reponses/").json()
    assert told["question"]["answers"] == ["Oui", "Non"] and not told["past"]
    assert 3500 < told["question"]["ends_in"] <= 3600, "the script of an open page takes its buttons away then"
    form = answers_form(client.get("/tchat/").text)
    assert re.search(r'data-ends-in="3[56]\d\d"', form) and "data-past hidden" in form
    passes(meeting)
    told = client.get("/tchat/reponses/").json()
    assert told["question"] is None and told["past"]
    form = answers_form(client.get("/tchat/").text)
    assert "<button" not in form and "data-past>" in form and " hidden>" not in form.split(">")[0] + ">"
    frame = unescape(client.get(FRAME).text)
    assert "<button" not in frame and PAST in frame and "écrivez un message" in frame


@pytest.mark.parametrize("body", ["Oui", "Non"])
def test_answer_of_an_open_page_after_the_hour_of_the_appointment_is_not_sent(meeting, body):
    """A paused frame, or the form of a page without scripts, has its buttons for as long as it is open."""
    client, sent = visit(meeting.conversation), {"client_id": str(meeting.answer_id), "body": body}
    passes(meeting)
    assert PAST in unescape(client.post(FRAME, sent, follow=True).text)
    page = unescape(client.post("/tchat/message/", sent).text)
    assert page.count(PAST) == 2, "in place of the buttons, and as the error of the form"
    assert not meeting.conversation.messages.filter(author=Author.REPORTER).exists()
    field = re.search(r'<textarea[^>]*name="body"[^>]*>([^<]*)</textarea>', page).group(1)
    assert field.strip() == "" and str(meeting.answer_id) not in page, "what is written next is another message"


def test_answer_that_was_given_in_time_comes_again_after_the_hour(meeting):
    client, sent = visit(meeting.conversation), {"client_id": str(meeting.answer_id), "body": "Oui"}
    assert client.post("/tchat/message/", sent).status_code == 302
    passes(meeting)
    assert client.post("/tchat/message/", sent).status_code == 302
    assert [one.body for one in meeting.conversation.messages.filter(author=Author.REPORTER)] == ["Oui"]
    assert PAST not in unescape(client.get(FRAME).text)


def test_yes_that_a_line_brings_after_the_hour_is_words_and_no_agreement(meeting, console):
    """A socket refuses no message. The paper stays, because who comes late shows it."""
    passes(meeting)
    answer(meeting.conversation, meeting, "Oui")
    (shown,) = proposals.proposals_of(meeting.conversation)
    assert (shown.answer, shown.is_late, shown.is_agreed, shown.is_refused) == ("Oui", True, False, False)
    page = squeezed(unescape(console.get(page_of(meeting.conversation)).text))
    assert "par la personne, une fois l'heure passée" in page
    assert proposals.appointment_of(meeting.conversation) is not None
