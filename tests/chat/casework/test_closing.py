"""The emergency procedure, and the end of an exchange: what is asked of whom, and what has to come first."""

import re
import threading
import time
from html import unescape

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from chat.casework import closing, emergencies, proposals
from chat.casework.forms import CloseForm
from chat.conversations import actions, pauses
from chat.models import CannedReply, Conversation, ConversationEvent, EventKind
from chat.models.casework import Closing, Emergency
from chat.rules import emergency_texts
from chat.rules.closing import Point, missing_points
from chat.rules.emergency import CHECKLISTS, Situation
from chat.rules.lifecycle import Author, Status
from tests.chat.casework.desk import SECRET, national, visit
from tests.chat.console.agents import page_of
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- emergency ------------------------------------------------------------------------------------------------------


def test_emergency_stays_until_it_is_ended(conversation, console):
    address = page_of(conversation) + "procedure/"
    console.post(address, {"situation": "danger"})
    html = console.get(page_of(conversation)).text
    assert "console-emergency" in html and "Où êtes-vous exactement" in html and 'href="tel:17"' in html
    console.post(address, {"step": "location"})
    key, opened_at = conversation.public_id, timezone.localtime(Emergency.objects.get().started_at)
    assert f'aria-labelledby="procedure-titre-{key} procedure-heure-{key}"' in html  # the hour is said with the region
    assert f'<span id="procedure-heure-{key}">ouverte à {opened_at:%H:%M}</span>' in html
    (step,) = Emergency.objects.get().steps.all()
    assert (step.step, step.by) == ("location", conversation.assigned_to.user)
    first = step.at
    console.post(address, {"step": "location"})
    assert Emergency.objects.get().steps.get().at == first
    console.post(address, {"end": "1"})
    emergency = Emergency.objects.get()
    assert emergency.ended_at and emergency.ended_by == conversation.assigned_to.user
    page = console.get(page_of(conversation)).text
    assert "console-emergency" not in page and f'aria-labelledby="procedure-fin-{conversation.public_id}"' in page
    assert f"Procédure d'urgence terminée à {timezone.localtime(emergency.ended_at):%H:%M}." in unescape(page)
    kinds = list(ConversationEvent.objects.filter(kind__startswith="emergency").values_list("kind", flat=True))
    assert kinds == [EventKind.EMERGENCY, EventKind.EMERGENCY_ENDED]


def test_emergency_asked_twice_is_one(conversation):
    by = conversation.assigned_to.user
    first = emergencies.start(conversation_id=conversation.pk, situation="danger", by=by)
    assert emergencies.start(conversation_id=conversation.pk, situation="danger", by=by) == first


def test_emergency_of_another_situation_is_not_taken_for_the_one_that_is_open(conversation, console):
    """An older page had the buttons still: « suicide » was answered by the list of « danger », without a word."""
    address = page_of(conversation) + "procedure/"
    console.post(address, {"situation": "danger"})
    assert console.post(address, {"situation": "danger"}).status_code == 302
    html = unescape(console.post(address, {"situation": "suicide"}).text)
    part = re.search(rf'id="procedure-{conversation.public_id}".*?</section>', html, re.DOTALL).group()
    assert "Une autre procédure est ouverte" in part and "Où êtes-vous exactement" in part
    assert Emergency.objects.get().situation == "danger"


def test_emergency_step_of_another_checklist_is_refused(conversation):
    by = conversation.assigned_to.user
    emergencies.start(conversation_id=conversation.pk, situation="danger", by=by)
    with pytest.raises(emergencies.NoEmergency):
        emergencies.tick_step(conversation_id=conversation.pk, step="prevention", by=by)


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


def test_close_of_a_minor_has_what_is_known_filled_in(agent, console):
    """3018 was given by a ready answer, and was chosen again in the end."""
    conversation = make.assigned(agent, age_band="15_17")
    page = console.get(page_of(conversation)).text
    assert "Rempli d'après l'échange" not in unescape(page) and not filled(page)
    # The person wrote these words, so the agent has not asked.
    make.message(conversation, CannedReply.objects.get(title="Vérifier la sécurité").tu)
    make.message(conversation, "As-tu un code de sécurité ? Le 3018 est fermé, le 119 ne répond pas.", Author.AGENT)
    assert not filled(console.get(page_of(conversation)).text)
    make.message(conversation, CannedReply.objects.get(title="Donner un numéro d’aide").tu, Author.AGENT)
    page = console.get(page_of(conversation)).text
    assert "Rempli d'après l'échange" in unescape(page) and filled(page) == {"digital_line"}
    make.message(conversation, emergency_texts.SAFETY.spoken(familiar=True), Author.AGENT)
    make.message(conversation, emergency_texts.CHILD.spoken(familiar=True), Author.AGENT)
    assert filled(console.get(page_of(conversation)).text) == {"danger", "child_line", "digital_line"}


@pytest.mark.parametrize("situation", Situation)
def test_close_of_a_minor_does_not_take_a_procedure_for_a_question(agent, console, situation):
    """It may have been opened by mistake, or for thoughts of suicide."""
    conversation = make.assigned(agent, age_band="15_17")
    make.message(conversation, "Bonjour.", Author.AGENT)
    emergencies.start(conversation_id=conversation.pk, situation=situation, by=agent.user)
    assert not filled(console.get(page_of(conversation)).text)
    emergencies.finish(conversation_id=conversation.pk, by=agent.user)
    assert not filled(console.get(page_of(conversation)).text)


def filled(page: str) -> set[str]:
    """Return the points of the end whose answer is chosen."""
    selects = re.findall(r'<select class="fr-select" id="point_(\w+?)-[^>]*>(.*?)</select>', page, re.DOTALL)
    return {point for point, options in selects if 'value="done" selected' in options}


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


def seen_by(page: str) -> str:
    """Return up to which message this page says that it has the exchange."""
    return re.search(r'name="seen" value="(\d+)"', page).group(1)


def test_close_over_a_message_that_the_page_never_had_is_refused(conversation, console):
    """« il est là » came on a dead line, or since a page without scripts was drawn, and the end closed over it."""
    make.message(conversation, "bonsoir")
    address = page_of(conversation) + "terminer/"
    data = {"outcome": "advised", "confirm": "on", "seen": seen_by(console.get(page_of(conversation)).text)}
    make.message(conversation, "il est là")
    for asked in ({"verifier": "1"}, {}):
        answer = console.post(address, data | asked)
        html = unescape(answer.text)
        assert answer.status_code == 200 and "La personne vient d'écrire" in html and "il est là" in html
        assert "Noter la réponse, sous « Propositions »" not in html
        conversation.refresh_from_db()
        assert conversation.is_open
    assert console.post(address, data | {"seen": seen_by(html)}).status_code == 302, "it has been read"
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED


@pytest.mark.parametrize(
    ("asked", "author"), [({}, Author.REPORTER), ({"seen": ""}, Author.REPORTER), ({"seen": "0"}, Author.AGENT)]
)
def test_close_over_lines_of_others_or_from_a_page_of_the_version_before(conversation, console, asked, author):
    make.message(conversation, "Je suis là.", author)  # after the line that says that the agent is there
    assert set(conversation.messages.values_list("author", flat=True)) == {Author.SYSTEM, author}
    data = {"outcome": "advised", "confirm": "on"} | asked
    assert console.post(page_of(conversation) + "terminer/", data).status_code == 302


def test_close_over_an_unseen_message_is_looked_at_again_under_the_lock(agent, conversation):
    seen = conversation.last_seq
    make.message(conversation, "il est là")
    with pytest.raises(closing.Unfinished) as refused:
        closing.close_conversation(
            conversation_id=conversation.pk, outcome="advised", by=agent.user, points={}, seen=seen
        )
    assert [one.field for one in refused.value.missing] == ["seen"]


@pytest.mark.django_db(transaction=True)
def test_close_waits_for_its_agent_before_it_holds_the_conversation(agent, conversation):
    """Whoever takes both takes the agent first; otherwise an end and the end of a duty wait in a circle."""
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
            pauses.lock_agent(agent.user_id)  # as a transfer does that is about to look at the conversation
            thread.start()
            until_somebody_waits_for_a_lock()
            Conversation.objects.select_for_update(no_key=True, nowait=True).get(pk=conversation.pk)
    finally:
        thread.join(30)
    assert not failed
    conversation.refresh_from_db()
    assert conversation.status == Status.CLOSED


def until_somebody_waits_for_a_lock() -> None:
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
    found = missing_points(is_minor=True, points=dict.fromkeys(Point.values, "x"), is_emergency_open=False)
    assert len(found) == len(Point)


def test_one_letter_chooses_an_outcome_and_never_takes_it_away():
    """« C » stands for « Conseils donnés »; pressed again it led back to « Choisissez une issue »."""
    blank, *outcomes = [str(label) for _value, label in CloseForm().fields["outcome"].choices]
    assert not any(label.startswith(blank[0]) for label in outcomes)
