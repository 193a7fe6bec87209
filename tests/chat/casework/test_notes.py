"""The acts beside the thread: promises, urgency, notes, apartés, replies; without scripts, and by agents who
may not.
"""

import base64
import json
import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from chat import access, pubsub
from chat.casework import colleague_questions, holds, notes, person_summary, replies, urgency
from chat.console import history, inbox
from chat.conversations import actions, wording
from chat.messages import protocol
from chat.models import (
    Agent,
    Aside,
    AsideMessage,
    CannedReply,
    Conversation,
    ConversationEvent,
    EventKind,
    Hold,
    Message,
    Note,
    OwnReply,
)
from chat.rules import reply_template
from chat.rules.lifecycle import Author, Availability, Outcome, UrgencyReason
from common import encryption
from common.service_settings import definitions
from locations.models import Force
from pnav.accounts.models import Role, User
from reports.models import AccessRecord
from tests.chat.console.agents import page_of, signed_in
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories import locations as places
from tests.support.reading import spaced, squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db

SECRET = "Mot-que-personne-ne-doit-lire"


@pytest.fixture
def agent():
    return make.agent(public_name="Camille")


@pytest.fixture
def conversation(agent):
    return make.assigned(agent)


@pytest.fixture
def client(agent) -> Client:
    return signed_in(agent.user)


def last_of_pnav(conversation) -> str:
    return conversation.messages.filter(author=Author.SYSTEM).last().body


def kinds(conversation) -> list[str]:
    return list(conversation.events.values_list("kind", flat=True))


def area(html: str, start: str) -> str:
    return re.search(rf'<textarea[^>]*id="{start}[^>]*>\n(.*?)</textarea>', html, re.DOTALL).group(1)


# --- a promise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [rule.default for rule in definitions.HOLD_CHOICES])
def test_hold_tells_the_person_when_and_shows_in_the_list(conversation, client, minutes):
    answer = client.post(page_of(conversation) + "retour/", {"minutes": str(minutes)}, follow=True)
    held = Hold.objects.get()
    assert held.until - held.held_at == timedelta(minutes=minutes)
    said = spaced(last_of_pnav(conversation))
    assert said == (
        f"Camille revient dans {minutes} minutes, à {timezone.localtime(held.until):%H:%M}. "
        "Vous pouvez continuer à écrire : tout sera lu au retour."
    )
    assert f"Retour promis dans {minutes} min" in answer.text
    assert conversation.events.get(kind=EventKind.HELD).detail == f"{minutes} min"


def test_hold_speaks_the_language_and_voice_of_the_person(agent):
    minor = make.assigned(agent, age_band="15_17")
    holds.promise_return(conversation_id=minor.pk, minutes=5, by=agent.user)
    assert "Tu peux continuer" in last_of_pnav(minor)
    english = make.assigned(agent, language="en")
    holds.promise_return(conversation_id=english.pk, minutes=5, by=agent.user)
    assert last_of_pnav(english).startswith("Camille will be back in 5 minutes, at ")
    holds.lift_hold(conversation_id=english.pk, by=agent.user)
    assert last_of_pnav(english) == "Camille is back."


def test_hold_names_nobody_of_the_police_to_a_discreet_screen(agent):
    discreet = make.assigned(agent, discreet=True)
    holds.promise_return(conversation_id=discreet.pk, minutes=5, by=agent.user)
    assert "police" not in last_of_pnav(discreet).lower()


def promise_of(agent, conversation, now=None):
    return inbox.entry_of(agent, conversation, now or timezone.now()).promise


def test_hold_ends_when_the_agent_writes_not_when_the_person_does(agent, conversation):
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    make.message(conversation, "vous êtes là ?")
    assert promise_of(agent, conversation) is not None
    make.message(conversation, "me revoilà", Author.AGENT)
    assert promise_of(agent, conversation) is None
    assert holds.running_hold(conversation) is None


def test_promise_stands_over_the_thread_while_it_runs(agent, conversation, client):
    """The list is not in view of who reads a long thread on a narrow screen."""

    def strip() -> str:
        html = client.get(page_of(conversation)).text
        thread = html[html.index('<section class="console-thread"') :]
        return re.search(r'<li class="console-promise".*?</li>', thread, re.DOTALL).group()

    assert " hidden>" in strip()
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    assert " hidden>" not in strip() and "Retour promis dans 5 min" in strip()
    Hold.objects.update(held_at=make.long_ago(3), until=make.long_ago(1))
    Conversation.objects.update(assigned_at=make.long_ago(10))
    assert "data-over" in strip() and "Promesse dépassée" in strip()


def test_hold_that_is_over_says_so_until_the_agent_is_back(agent, conversation, client):
    holds.promise_return(conversation_id=conversation.pk, minutes=2, by=agent.user)
    Hold.objects.update(held_at=make.long_ago(3), until=make.long_ago(1))
    Conversation.objects.update(assigned_at=make.long_ago(10))
    html = client.get("/console/?partie=liste").text
    assert "Promesse dépassée" in html and "data-over" in html
    client.post(page_of(conversation) + "retour/", {"lever": "1"})
    assert last_of_pnav(conversation) == "Camille est de retour."
    assert "Promesse dépassée" not in client.get("/console/?partie=liste").text
    assert kinds(conversation)[-1] == EventKind.HOLD_LIFTED


def test_hold_counts_down_in_whole_minutes(agent, conversation):
    holds.promise_return(conversation_id=conversation.pk, minutes=10, by=agent.user)
    until = Hold.objects.get().until
    for left, words in ((600, "10"), (541, "10"), (540, "9"), (1, "1")):
        said = promise_of(agent, conversation, until - timedelta(seconds=left)).words
        assert said == f"Retour promis dans {words} min"
    assert promise_of(agent, conversation, until).words == "Promesse dépassée"


def test_hold_again_replaces_the_first_and_both_are_kept_for_the_figures(agent, conversation):
    holds.promise_return(conversation_id=conversation.pk, minutes=2, by=agent.user)
    holds.promise_return(conversation_id=conversation.pk, minutes=10, by=agent.user)
    first, second = Hold.objects.order_by("pk")
    assert first.ended_at is not None and second.ended_at is None
    assert promise_of(agent, conversation).until == second.until
    assert inbox.open_entries(agent, timezone.now())[0].promise.until == second.until


def test_hold_is_not_the_next_agents(agent, conversation):
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    other = make.agent()
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=other, assigned_at=timezone.now())
    conversation.refresh_from_db()
    assert promise_of(other, conversation) is None
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=agent, assigned_at=timezone.now())
    conversation.refresh_from_db()
    assert promise_of(agent, conversation) is None, "given again, it is another time"


@pytest.mark.parametrize("data", [{}, {"minutes": "7"}, {"minutes": "x"}])
def test_hold_for_no_length_that_is_offered_says_so(conversation, client, data):
    html = client.post(page_of(conversation) + "retour/", data, follow=True).text
    assert "rien n&#x27;a été promis" in html or "rien n'a été promis" in html
    assert not Hold.objects.exists()


def test_hold_lifted_without_one_says_so(conversation, client):
    html = client.post(page_of(conversation) + "retour/", {"lever": "1"}, follow=True).text
    assert "Aucune promesse" in html
    assert "de retour" not in last_of_pnav(conversation)


def test_hold_constraint_one_runs_at_a_time(agent, conversation):
    holds.promise_return(conversation_id=conversation.pk, minutes=2, by=agent.user)
    held = Hold.objects.get()
    held.pk, held.seq = None, 99
    with pytest.raises(IntegrityError), transaction.atomic():
        held.save(force_insert=True)


# --- urgency --------------------------------------------------------------------------------------------------------


def test_urgency_needs_a_reason_and_keeps_what_was_typed(conversation, client):
    data = {"urgency": "2", "explanation": "elle a peur ce soir"}
    html = client.post(page_of(conversation) + "urgence/", data).text
    conversation.refresh_from_db()
    assert conversation.urgency == Urgency.NORMAL and "<title>Erreur :" in html
    assert 'name="explanation" autocomplete="off" value="elle a peur ce soir"' in squeezed(html)


def test_urgency_explanation_is_a_sealed_note_and_the_person_is_told_nothing(agent, conversation, client):
    before = conversation.messages.count()
    data = {"urgency": "2", "reason": UrgencyReason.DANGER, "explanation": SECRET}
    html = client.post(page_of(conversation) + "urgence/", data, follow=True).text
    assert conversation.messages.count() == before
    event = conversation.events.get(kind=EventKind.URGENCY)
    assert SECRET not in event.detail and SECRET.encode() not in bytes(Note.objects.get().sealed_body)
    [note] = history.notes_of(conversation, agent)
    assert note.text == SECRET
    assert note.about == "Urgence modifiée : normale → critique. Danger immédiat" and note.about in html


# --- notes ----------------------------------------------------------------------------------------------------------


def test_note_is_sealed_for_its_place_and_never_in_the_thread(agent, conversation, client):
    answer = client.post(page_of(conversation) + "note/", {"body": f"  {SECRET} "}, follow=True)
    note = Note.objects.get()
    assert SECRET in answer.text
    assert SECRET.encode() not in bytes(note.sealed_body)
    assert encryption.unseal(note.sealed_body, context=f"note:{conversation.public_id}:1") == SECRET
    with pytest.raises(encryption.UnsealError):
        encryption.unseal(note.sealed_body, context=f"note:{conversation.public_id}:2")
    assert not any(SECRET in message.body for message in conversation.messages.all())
    assert kinds(conversation)[-1] == EventKind.NOTED


def test_note_is_never_on_the_page_of_the_person(agent, conversation, client):
    notes.write_note(conversation_id=conversation.pk, body=SECRET, by=agent.user)
    person = Client()
    person.cookies[site.SESSION_COOKIE_NAME] = visit(conversation)
    for address in ("/tchat/", "/tchat/suite/", "/tchat/conservation/"):
        answer = person.get(address)
        assert answer.status_code == 200
        assert SECRET not in answer.text


def test_note_corrected_keeps_the_former_text(agent, conversation, client):
    notes.write_note(conversation_id=conversation.pk, body="premier", by=agent.user)
    notes.write_note(conversation_id=conversation.pk, body="autre", by=agent.user)
    client.post(page_of(conversation) + "note/", {"body": "deuxième", "replaces": "1"})
    client.post(page_of(conversation) + "note/", {"body": "troisième", "replaces": "3"})
    first, other = history.notes_of(conversation, agent)
    assert (first.text, [text for _at, text in first.former]) == ("troisième", ["deuxième", "premier"])
    assert other.text == "autre"
    html = client.get(page_of(conversation)).text
    assert "2 textes précédents" in html
    assert Note.objects.count() == 4, "only added to"


def test_note_replaced_already_keeps_what_was_typed(agent, conversation, client):
    notes.write_note(conversation_id=conversation.pk, body="premier", by=agent.user)
    notes.write_note(conversation_id=conversation.pk, body="deuxième", by=agent.user, replaces=1)
    html = client.post(page_of(conversation) + "note/", {"body": "trop tard", "replaces": "1"}).text
    assert "déjà été remplacée" in html and "trop tard" in html
    assert Note.objects.count() == 2


def area_of(html: str, name: str) -> tuple[str, str]:
    """Return the attributes of the text field with this id, and what stands in it."""
    found = re.search(rf'<textarea[^>]* id="{name}"(.*?)>(.*?)</textarea>', html, re.DOTALL)
    return found[1], unescape(found[2]).strip("\n")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x" * (protocol.MAX_BODY + 1), "trop long"),
        ("trop tard", "déjà été remplacée"),
        ("une de trop", "celle-ci n'a pas été gardée"),
    ],
)
def test_refused_correction_is_given_back_in_its_own_form(agent, conversation, client, monkeypatch, body, said):
    """It stood in « Ajouter une note », whose own draft the page's script put over it: the words were nowhere."""
    for first in ("premier", "autre"):
        notes.write_note(conversation_id=conversation.pk, body=first, by=agent.user)
    if body == "trop tard":  # as another tab did meanwhile
        notes.write_note(conversation_id=conversation.pk, body="deuxième", by=agent.user, replaces=1)
    if body == "une de trop":
        monkeypatch.setattr(notes, "NOTES_AT_MOST", 2)
    html = client.post(page_of(conversation) + "note/", {"body": body, "replaces": "1"}).text
    key = conversation.public_id
    form = html[html.index(f'id="note-pli-{key}-1"') : html.index(f'id="note-pli-{key}-2"')]
    state, words = area_of(form, f"corrige-{key}-1")
    assert words == body and 'aria-invalid="true"' in state and "autofocus" in state
    assert said in unescape(form) and " open" in form.split(">")[0]
    present = history.notes_of(conversation, agent)[0].number
    assert f'name="replaces" value="{present}"' in form, "pressed again, it corrects what is read there now"
    assert area_of(html, f"corrige-{key}-2") == (area_of(html, f"corrige-{key}-2")[0], "autre")
    for other in (f"corrige-{key}-2", f"note-{key}"):
        assert "aria-invalid" not in area_of(html, other)[0]
    assert area_of(html, f"note-{key}")[1] == ""


def test_note_goes_with_the_conversation_to_whoever_answers_next(agent, conversation, client):
    notes.write_note(conversation_id=conversation.pk, body=SECRET, by=agent.user)
    other = make.agent(unit_name="Ailleurs")
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=other)
    assert client.get(page_of(conversation)).status_code == 404
    html = signed_in(other.user).get(page_of(conversation)).text
    assert SECRET in html and "Corriger" not in html
    with pytest.raises(notes.NoteGone):
        notes.write_note(conversation_id=conversation.pk, body="x", by=other.user, replaces=1)
    assert not AccessRecord.objects.exists(), "who answers is a party (ADR 0031)"


def test_note_after_the_end_is_refused_and_given_back(agent, client):
    over = make.closed(agent)
    html = client.post(page_of(over) + "note/", {"body": "trop tard"}).text
    assert "n&#x27;a pas été gardée" in html or "n'a pas été gardée" in html
    assert "trop tard" in html and not Note.objects.exists()


@pytest.mark.parametrize("body", ["", "   ", "x" * 4001, "a\x00b"])
def test_note_that_cannot_be_kept_says_why(conversation, client, body):
    html = client.post(page_of(conversation) + "note/", {"body": body}).text
    assert "<title>Erreur :" in html and 'aria-describedby="note-' in html
    assert not Note.objects.exists()


def test_note_that_no_key_opens_leaves_the_others(agent, conversation):
    for body in ("une", "deux"):
        notes.write_note(conversation_id=conversation.pk, body=body, by=agent.user)
    one, two = Note.objects.order_by("number")
    Note.objects.filter(pk=one.pk).update(sealed_body=two.sealed_body)
    shown = [note.text for note in history.notes_of(conversation, agent)]
    assert shown == ["Ce texte ne peut pas être lu en ce moment.", "deux"]


# --- apartés --------------------------------------------------------------------------------------------------------


@pytest.fixture
def colleague():
    return make.agent(public_name="Dominique", unit_name="Ailleurs", force=Force.GENDARMERIE)


def ask(client, conversation, body="Comment fait-on ?", colleague=""):
    data = {"body": body, "colleague": str(colleague)}
    return client.post(page_of(conversation) + "question/", data, follow=True)


def test_aside_colleague_reads_the_question_and_nothing_of_the_conversation(agent, conversation, client, colleague):
    make.message(conversation, SECRET)
    ask(client, conversation, colleague=colleague.pk)
    html = signed_in(colleague.user).get("/console/").text
    assert "Question de Camille" in html and "Comment fait-on ?" in html and "1 non lu" in html
    for word in (SECRET, str(conversation.public_id), wording.place_of(conversation.report)):
        assert word not in html
    assert not any("Comment fait-on" in message.body for message in conversation.messages.all())
    assert kinds(conversation)[-1] == EventKind.ASKED


def test_aside_is_sealed_and_bound_to_its_place(agent, conversation, client, colleague):
    ask(client, conversation, SECRET, colleague.pk)
    message = AsideMessage.objects.get()
    assert SECRET.encode() not in bytes(message.sealed_body)
    assert encryption.unseal(message.sealed_body, context=message.context) == SECRET
    AsideMessage.objects.update(agent=colleague)
    assert AsideMessage.objects.get().shown == "Ce texte ne peut pas être lu en ce moment."


def test_aside_answered_is_unread_for_who_asked_until_read(agent, conversation, client, colleague):
    ask(client, conversation, colleague=colleague.pk)
    aside = Aside.objects.get()
    address = f"/console/aparte/{aside.public_id}/"
    theirs = signed_in(colleague.user)
    assert theirs.post(address, {"body": "Comme ceci."}).url == "/console/#apartes"
    assert "1 non lu" not in theirs.get("/console/?partie=apartes").text
    html = client.get(page_of(conversation)).text
    assert "Comme ceci." in html and "À Dominique" in html
    [mine] = colleague_questions.open_questions(agent)
    assert mine.unread == 1
    client.post(address, {"lu": "2", "echange": str(conversation.public_id)})
    [mine] = colleague_questions.open_questions(agent)
    assert mine.unread == 0
    client.post(address, {"lu": "999999"})
    assert client.post(address, {"lu": "9" * 5000}).status_code == 302
    theirs.post(address, {"body": "Et aussi."})
    [mine] = colleague_questions.open_questions(agent)
    assert mine.unread == 1, "the future cannot be read"


def test_aside_unread_is_told_by_the_frame_of_presence(conversation, client, colleague):
    ask(client, conversation, colleague=colleague.pk)
    theirs = signed_in(colleague.user)
    html = theirs.get("/console/presence/").text
    assert "Apartés : 1 non lu" in squeezed(html)
    theirs.post(f"/console/aparte/{Aside.objects.get().public_id}/", {"lu": "1"})
    assert "Apartés" not in theirs.get("/console/presence/").text


def test_aside_to_all_goes_to_whoever_is_on_duty_and_to_nobody_else(agent, conversation, client, colleague):
    second = make.agent(public_name="Alix")
    away, gone = make.agent(availability=Availability.AWAY), make.agent(present=False)
    ask(client, conversation)
    assert [len(colleague_questions.open_questions(one)) for one in (agent, colleague, second, away, gone)] == [
        1,
        1,
        1,
        0,
        0,
    ]
    assert colleague_questions.open_questions(agent)[0].title == "À tous les collègues disponibles"
    assert conversation.events.get(kind=EventKind.ASKED).detail == "2"
    late = make.agent()
    assert colleague_questions.open_questions(late) == []


def test_aside_to_nobody_says_so_and_keeps_the_question(conversation, client):
    html = ask(client, conversation, "ma question").text
    assert "Aucun collègue n" in html and "ma question" in area(html, "demande-")
    assert not Aside.objects.exists()


def test_aside_to_a_colleague_who_just_left_says_so(conversation, client, colleague):
    Agent.objects.filter(pk=colleague.pk).update(availability=Availability.AWAY)
    html = ask(client, conversation, "ma question", colleague.pk).text
    assert "plus disponible" in html and "ma question" in area(html, "demande-")


@pytest.mark.parametrize("is_there", [True, False])
def test_aside_that_comes_after_the_end_is_given_back(conversation, client, colleague, is_there):
    """The person ended the exchange between the page and the press; the page led back without a word of it."""
    assert f'id="demande-{conversation.public_id}"' in client.get(page_of(conversation)).text
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    if not is_there:  # nor is the colleague who was chosen
        Agent.objects.filter(pk=colleague.pk).update(availability=Availability.AWAY)
    html = unescape(ask(client, conversation, SECRET, colleague.pk).text)
    assert area(html, "demande-") == SECRET and "Votre texte, à copier" in html and "<title>Erreur :" in html
    assert ("cette question n'a pas été posée" in html) == is_there and not Aside.objects.exists()


def test_aside_of_others_is_not_there(agent, conversation, client, colleague):
    ask(client, conversation, colleague=colleague.pk)
    aside = Aside.objects.get()
    for stranger in (make.agent(), make.agent(role=Role.SUPERVISOR)):
        theirs = signed_in(stranger.user)
        for address in (f"/console/aparte/{aside.public_id}/", f"/console/aparte/{uuid.uuid4()}/"):
            assert theirs.post(address, {"body": "x"}).status_code == 404
        assert "Comment fait-on" not in theirs.get("/console/?partie=apartes").text
    assert AsideMessage.objects.count() == 1


def end_by_closing(agent, conversation):
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED
    )


def end_by_moving(agent, conversation):
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=make.agent())


@pytest.mark.parametrize("end", [end_by_closing, end_by_moving])
def test_aside_ends_with_the_conversation(agent, conversation, client, colleague, end):
    ask(client, conversation, colleague=colleague.pk)
    aside = Aside.objects.get()
    end(agent, conversation)
    theirs = signed_in(colleague.user)
    assert theirs.post(f"/console/aparte/{aside.public_id}/", {"body": "x"}).status_code == 404
    assert colleague_questions.open_questions(colleague) == [] and colleague_questions.open_questions(agent) == []
    with pytest.raises(colleague_questions.QuestionClosed):
        colleague_questions.answer_colleague(aside_id=aside.pk, body="x", agent=colleague)


def test_aside_answer_empty_is_said_beside_the_field(agent, conversation, client, colleague):
    ask(client, conversation, colleague=colleague.pk)
    data = {"body": " ", "echange": str(conversation.public_id)}
    html = client.post(f"/console/aparte/{Aside.objects.get().public_id}/", data).text
    assert "Le texte est vide" in html and "console-thread" in html, "the conversation that was open stays"


@pytest.mark.django_db(transaction=True)
def test_aside_rings_the_consoles_of_its_parties_and_says_nothing(monkeypatch, agent, conversation, client, colleague):
    rung = []
    monkeypatch.setattr(pubsub, "_publish_now", lambda *rings: rung.extend(rings))
    ask(client, conversation, SECRET, colleague.pk)
    told = [ring for ring in rung if ring.kind == pubsub.ASIDE]
    assert {ring.agent for ring in told} == {agent.pk, colleague.pk}
    assert {(ring.conversation, ring.author, ring.seq) for ring in told} == {("", "", 0)}


# --- whoever is not the agent of the conversation --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("retour/", {"minutes": "5"}),
        ("retour/", {"lever": "1"}),
        ("urgence/", {"urgency": "2", "reason": "danger"}),
        ("note/", {"body": "x"}),
        ("question/", {"body": "x"}),
    ],
)
def test_acts_of_others_are_not_there(conversation, path, data):
    before = (ConversationEvent.objects.count(), Message.objects.count())
    for stranger in (make.agent(), make.agent(role=Role.SUPERVISOR)):
        assert signed_in(stranger.user).post(page_of(conversation) + path, data).status_code == 404
    assert Client().post(page_of(conversation) + path, data).url.startswith("/compte/login/")
    assert (ConversationEvent.objects.count(), Message.objects.count()) == before


@pytest.mark.parametrize("act", ["hold", "lift_hold", "set_urgency", "write_note", "ask"])
def test_acts_ask_again_under_the_lock_whose_it_is(conversation, act):
    more = {
        "hold": {"minutes": 5},
        "set_urgency": {"urgency": 1, "reason": "other"},
        "write_note": {"body": "x"},
        "ask": {"body": "x", "of": []},
    }
    do = {
        "hold": holds.promise_return,
        "lift_hold": holds.lift_hold,
        "set_urgency": urgency.set_urgency,
        "write_note": notes.write_note,
        "ask": colleague_questions.ask_colleagues,
    }[act]
    with pytest.raises(actions.NotYours):
        do(conversation_id=conversation.pk, by=make.agent().user, **more.get(act, {}))
    over = make.closed()
    with pytest.raises(actions.ConversationClosed):
        do(conversation_id=over.pk, by=over.assigned_to.user, **more.get(act, {}))


def test_history_is_told_in_words(agent, conversation, client):
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    urgency.set_urgency(conversation_id=conversation.pk, urgency=1, reason="threat", by=agent.user)
    words = [one.words for one in history.history_of(conversation)]
    assert words[-2:] == ["Retour promis : 5 min", "Urgence modifiée : normale → élevée. Menaces précises ou violences"]
    assert history.history_of(conversation)[-1].by == "Camille"
    assert words[-1] in client.get(page_of(conversation)).text


def test_explanation_that_comes_after_the_end_is_given_back(conversation, client):
    """The person ended the exchange between the page and the press; the page led back without a word of it."""
    page = client.get(page_of(conversation)).text
    assert f'id="explication-{conversation.public_id}"' in page
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    sent = {"urgency": "2", "reason": "danger", "explanation": SECRET}
    html = unescape(client.post(page_of(conversation) + "urgence/", sent).text)
    assert area(html, "explication-") == SECRET and "l'explication n'est pas gardée" in html
    assert "<title>Erreur :" in html and not Note.objects.exists()
    answer = client.post(page_of(conversation) + "urgence/", sent | {"explanation": ""}, follow=True)
    assert "rien n'a été changé" in unescape(answer.text)


def test_explanation_of_a_degree_that_stays_is_kept_as_a_note(agent, conversation, client):
    """« Critique » came from the report; its agent confirmed it and said why, and that was lost."""
    Conversation.objects.filter(pk=conversation.pk).update(urgency=2)
    sent = {"urgency": "2", "reason": "danger", "explanation": SECRET}
    for _twice in range(2):  # a form that is sent twice is kept once
        html = client.post(page_of(conversation) + "urgence/", sent, follow=True).text
        assert "était déjà critique" in html and "gardée comme une note privée" in html
    assert [one.shown for one in Note.objects.all()] == [SECRET] and SECRET in html
    assert list(conversation.events.values_list("kind", flat=True)).count(EventKind.NOTED) == 1
    assert not conversation.events.filter(kind=EventKind.URGENCY).exists()
    html = client.post(page_of(conversation) + "urgence/", sent | {"explanation": ""}, follow=True).text
    assert "Rien n'a changé" in unescape(html) and Note.objects.count() == 1


def test_history_of_before_has_no_reason():
    event = ConversationEvent(kind=EventKind.URGENCY, detail="0 → 2")
    assert history.words_of(event) == "Urgence modifiée : normale → critique"
    assert history.words_of(ConversationEvent(kind=EventKind.URGENCY, detail="?")) == "Urgence modifiée"


# --- replies --------------------------------------------------------------------------------------------------------


def test_fill_says_what_is_missing():
    assert reply_template.fill("{unite}, {adresse}.", {"unite": "Brigade", "adresse": ""}) == (
        "Brigade, [à compléter : adresse]."
    )
    assert reply_template.fill("{inconnu}", {}) == "[à compléter : inconnu]"
    assert reply_template.is_unfinished(reply_template.fill("{horaires}", {}))


@pytest.fixture
def unit():
    place = places.municipality()
    return places.reception_point(
        for_=place,
        name="Commissariat d'Essai",
        address="3 rue des Lilas",
        postal_code="93200",
        town="Saint-Denis",
        telephone="01 00 00 00 00",
        opening_hours={"mon": [["08:00", "12:00"]]},
    )


def own_of(agent, **content) -> OwnReply:
    return replies.save_own(agent=agent, **{"title": "Venir", "vous": "Bonjour", "tu": ""} | content)


def insert(client, conversation, reply, draft="") -> str:
    data = {"insert": str(reply.public_id), "body": draft}
    return area(client.post(page_of(conversation), data).text, "corps-")


def test_reply_is_filled_from_the_point_d_accueil(agent, client, unit):
    conversation = make.assigned(agent, reception_point=unit)
    own = own_of(agent, vous="{prenom} : {unite}, {adresse}, {telephone}, {horaires}")
    text = insert(client, conversation, own).replace("&#x27;", "'")
    where = "Commissariat d'Essai, 3 rue des Lilas, 93200 Saint-Denis, 01 00 00 00 00"
    when = "lundi : de 8 h à 12 h ; du mardi au dimanche : fermé ; peuvent différer les jours fériés"
    assert text == f"Camille : {where}, {when}"
    assert "[à compléter" not in text


def test_reply_without_a_point_d_accueil_shows_markers_and_is_not_sent(agent, conversation, client):
    own = own_of(agent, vous="Venez au {adresse}.")
    assert insert(client, conversation, own) == "Venez au [à compléter : adresse]."
    data = {"client_id": str(uuid.uuid4()), "body": "Venez au [à compléter : adresse]."}
    html = client.post(page_of(conversation), data).text
    assert "complétez, puis envoyez" in html
    assert not conversation.messages.filter(author=Author.AGENT).exists()


def test_reply_of_the_nearest_unit_asks_to_verify(agent, client, unit):
    conversation = make.assigned(agent, reception_point=unit, is_nearest=True)
    assert "[à compléter : vérifier" in insert(client, conversation, own_of(agent, vous="{unite}"))


def test_reply_is_put_after_the_draft_and_never_over_it(agent, conversation, client):
    assert insert(client, conversation, own_of(agent), "Ce que j'écrivais").replace("&#x27;", "'") == (
        "Ce que j'écrivais\nBonjour"
    )
    assert not conversation.messages.filter(author=Author.AGENT).exists()


def test_reply_speaks_to_a_minor_in_tu_where_it_differs(agent, client):
    minor = make.assigned(agent, age_band="15_17")
    assert insert(client, minor, own_of(agent, tu="Salut")) == "Salut"
    assert insert(client, minor, own_of(agent, title="Autre")) == "Bonjour"


def test_shared_replies_are_those_of_the_force_and_the_unit(agent, conversation, client):
    CannedReply.objects.all().delete()
    here = {"force": ["", Force.POLICE, Force.GENDARMERIE], "unit": [None, agent.unit, make.unit(name="Ailleurs")]}
    for force in here["force"]:
        for unit in here["unit"]:
            CannedReply.objects.create(
                title=f"{force or 'toutes'} {unit or 'toutes'}", vous="x", force=force, unit=unit
            )
    CannedReply.objects.create(title="retirée", vous="x", is_active=False)
    dossier = person_summary.read_person_summary(conversation, timezone.now())
    titles = {one.label for one in replies.of_conversation(agent, dossier)}
    assert titles == {f"{f} {u}" for f in ("toutes", "police") for u in ("toutes", agent.unit)}


def test_partners_can_be_named_with_their_site(agent):
    place = places.municipality()
    places.partner(name="AVISE", url="https://avise.example", telephone="01 02", municipality=place)
    conversation = make.assigned(agent, municipality=place)
    dossier = person_summary.read_person_summary(conversation, timezone.now())
    texts = [one.text for one in replies.of_conversation(agent, dossier) if one.source == "partner"]
    assert texts == ["AVISE : 01 02, https://avise.example"]


def test_own_replies_are_made_changed_and_deleted(agent, conversation, client):
    data = {"title": "Rappel", "vous": f"Bonjour {SECRET}", "tu": ""}
    assert client.post("/console/reponses/", data).url == "/console/reponses/"
    row = OwnReply.objects.get()
    assert SECRET.encode() not in bytes(row.sealed_content)
    address = f"/console/reponses/{row.public_id}/"
    assert SECRET in client.get(address).text
    assert "Rappel" in client.get(page_of(conversation)).text
    client.post(address, {**data, "title": "Rappel du soir"})
    assert [own.title for own in replies.own_replies(agent)] == ["Rappel du soir"]
    client.post(address, {"supprimer": "1"})
    assert not OwnReply.objects.exists()


def test_own_reply_written_by_the_version_after_is_read(agent):
    """What it knows beside title and texts is left out."""
    row = own_of(agent, vous=SECRET)
    kept = json.dumps({**row.content(), "of_the_version_after": "yes"})
    row.sealed_content = encryption.seal(kept, context=row.context)
    row.save()
    assert [own.vous for own in replies.own_replies(agent)] == [SECRET]


def test_own_replies_of_others_are_not_there(agent, client):
    row = own_of(make.agent(), vous=SECRET)
    address = f"/console/reponses/{row.public_id}/"
    assert client.get(address).status_code == 404
    assert client.post(address, {"title": "x", "vous": "x"}).status_code == 404
    assert client.post(address, {"supprimer": "1"}).status_code == 404
    assert access.own_reply(agent, row.public_id) is None
    assert SECRET not in client.get("/console/reponses/").text
    assert [own.vous for own in replies.own_replies(row.agent)] == [SECRET]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"title": "", "vous": "x"}, "Donnez un titre"),
        ({"title": "x", "vous": ""}, "Le texte est vide"),
        ({"title": "x", "vous": "{adrese}"}, "Variable inconnue : {adrese}"),
        ({"title": "x" * 61, "vous": "x"}, "60 signes"),
    ],
)
def test_own_reply_refused_says_why_and_loses_nothing(client, data, words):
    html = client.post("/console/reponses/", {**data, "tu": "gardé"}).text
    assert words in html and "<title>Erreur :" in html and "gardé" in area(html, "tu")
    assert not OwnReply.objects.exists()


def test_own_replies_have_a_limit(agent, client, monkeypatch):
    monkeypatch.setattr(replies, "OWN_AT_MOST", 1)
    own_of(agent)
    assert "Vous avez déjà" in client.post("/console/reponses/", {"title": "x", "vous": "x"}).text


# --- the end --------------------------------------------------------------------------------------------------------


def test_all_of_it_ends_with_the_conversation(agent, conversation, client, colleague):
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)
    urgency.set_urgency(conversation_id=conversation.pk, urgency=2, reason="danger", by=agent.user, explanation="x")
    notes.write_note(conversation_id=conversation.pk, body="x", by=agent.user)
    notes.write_note(conversation_id=conversation.pk, body="y", by=agent.user, replaces=2)
    ask(client, conversation, colleague=colleague.pk)
    make.age(conversation, days=400)
    call_command("retention", verbosity=0)
    assert not Conversation.objects.exists()
    assert [model.objects.count() for model in (Hold, Note, Aside, AsideMessage)] == [0, 0, 0, 0]


def test_own_replies_end_with_the_account():
    agent = make.agent()
    own_of(agent)
    User.objects.filter(pk=agent.user_id).delete()
    assert not OwnReply.objects.exists()


def test_rotate_keys_reseals_what_lies_beside(agent, conversation, colleague, settings):
    notes.write_note(conversation_id=conversation.pk, body="note", by=agent.user)
    aside = colleague_questions.ask_colleagues(conversation_id=conversation.pk, body="question", of=[], by=agent.user)
    row = own_of(agent)
    new = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
    settings.CONTENT_KEYS = f"{new},{settings.CONTENT_KEYS}"
    call_command("rotate_keys", verbosity=0)
    settings.CONTENT_KEYS = new  # the old key was removed
    assert [note.shown for note in Note.objects.all()] == ["note"]
    assert aside.messages.get().shown == "question"
    row.refresh_from_db()
    assert row.content()["vous"] == "Bonjour"
