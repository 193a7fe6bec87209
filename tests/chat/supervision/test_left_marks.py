"""A mark of danger stays when the person leaves, until their agent or a supervisor says that it is dealt with."""

import re
import uuid
from html import unescape

import pytest
from django.db import transaction
from django.utils import timezone

from chat.casework import danger, waiting_danger
from chat.console import inbox
from chat.conversations import actions, dispatcher, resume
from chat.models import Agent, Conversation, DangerMark, EventKind
from chat.rules.danger_words import Kind
from chat.rules.lifecycle import Author, Outcome, Status
from chat.supervision import left_marks, live_board, procedures
from pnav.accounts.models import Role
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.chat.supervision.test_intervention import recused
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
BOARD = "/console/tableau/"
WORDS = "je vais me tuer ce soir, je veux mourir"


@pytest.fixture
def agent():
    return make.agent(unit_name="Ici", public_name="Louise")


@pytest.fixture
def conversation(agent):
    conversation = make.assigned(agent)
    make.message(conversation, WORDS)
    inbox.open_entries(agent, timezone.now())
    return conversation


@pytest.fixture
def chief(agent):
    return make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Dominique")


@pytest.fixture
def elsewhere():
    return make.agent(role=Role.SUPERVISOR, unit_name="Ailleurs", public_name="Sacha")


def is_lost(agent: Agent, conversation: Conversation) -> None:
    """Let the agent be lost and the person be away, until they are taken out of the queue."""
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(60))
    assert dispatcher.release_stale() == 1
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(60 * 24))
    assert dispatcher.abandon_absent() == 1


def ends(conversation: Conversation) -> None:
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)


def lines(reader: Agent) -> list[live_board.LeftLine]:
    return live_board.read(timezone.now(), units={reader.unit_id}).left_marks


def ended(agent: Agent) -> inbox.Entry:
    [entry] = inbox.ended_entries(agent, timezone.now())[0]
    return entry


def test_mark_of_an_exchange_that_the_person_ended_stays_with_its_agent(agent, conversation, chief):
    ends(conversation)
    entry = ended(agent)
    assert (entry.dangers, entry.danger_seq) == ([Kind.SUICIDE], DangerMark.objects.get().seqs[-1])
    client = signed_in(agent.user)
    home = squeezed(client.get(CONSOLE).text)
    folded = re.search(r'<details class="console-ended"[^>]*>.*?</details>', home, re.DOTALL)[0]
    assert " open" in folded.split(">")[0] and "Mots de suicide" in folded
    page = squeezed(client.get(page_of(conversation)).text)
    sign = re.search(r'<li class="console-dangers"[^>]*>.*?</li>', page, re.DOTALL)[0]
    assert " hidden" not in sign.split(">")[0] and "Mots de suicide" in sign
    assert client.post(page_of(conversation) + "mots-de-danger/", {"seq": entry.danger_seq}).status_code == 302
    assert ended(agent).dangers == [] and lines(chief) == []
    assert conversation.events.filter(kind=EventKind.DANGER_DEALT).get().by == agent.user


def test_words_that_came_just_before_the_end_are_marked_after_it(agent, chief):
    """No list was read between the words and the end."""
    conversation = make.assigned(agent)
    make.message(conversation, WORDS)
    ends(conversation)
    assert DangerMark.objects.get().seqs == [], "the worker has not looked yet"
    assert ended(agent).dangers == [Kind.SUICIDE]
    (line,) = lines(chief)
    assert line.conversation == conversation.public_id


def test_mark_goes_with_an_exchange_that_its_agent_ended(agent, conversation, chief):
    """They have read it, and said how it ended."""
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.OTHER
    )
    assert ended(agent).dangers == [] and lines(chief) == []


def test_mark_of_an_exchange_that_the_person_ended_is_on_the_board_for_its_units(conversation, chief, elsewhere):
    ends(conversation)
    (line,) = lines(chief)
    assert (line.place, line.name, line.state) == ("93200", "Louise", "échange terminé par la personne")
    assert lines(elsewhere) == []
    address = f"{BOARD}mots-de-danger/{conversation.public_id}/"
    client = signed_in(chief.user)
    assert address in client.get(BOARD).text
    figures = squeezed(client.get(f"{BOARD}?partie=chiffres").text)
    assert re.search(r"console-figures__alarm.*?Danger<", figures, re.DOTALL)
    page = unescape(client.get(address).text)
    assert "93200" in page and "Louise" in page and WORDS not in page
    for reader in (elsewhere, chief):
        with pytest.raises(left_marks.NoMark):
            left_marks.deal_with_left(public_id=uuid.uuid4(), by=reader)
    with pytest.raises(left_marks.NoMark):
        left_marks.deal_with_left(public_id=conversation.public_id, by=elsewhere)
    assert "Pris en compte." in unescape(client.post(address, follow=True).text)
    assert lines(chief) == lines(elsewhere) == []
    assert conversation.events.filter(kind=EventKind.DANGER_DEALT).get().by == chief.user
    assert client.post(address).headers["Location"] == BOARD, "it is dealt with"


def test_page_says_whom_to_call_to_learn_who_the_person_is(agent, conversation, chief):
    """The last agent has gone home, and nobody on duty can ask."""
    ends(conversation)
    client, address = signed_in(chief.user), f"{BOARD}mots-de-danger/{conversation.public_id}/"

    def page() -> str:
        return squeezed(unescape(client.get(address).text))

    assert "appelez Louise, même après sa garde" in page()
    agent.user.role = Role.SUPERVISOR
    agent.user.save()
    own = signed_in(agent.user).get(address).text
    assert f"{page_of(conversation)}levee/" in own and "appelez" not in own
    agent.user.is_active = False
    agent.user.save()
    assert "Personne ne peut demander une levée d'anonymat de cet échange" in page()


def test_page_of_somebody_who_left_the_queue_names_their_last_agent_to_that_unit_alone(
    agent, conversation, chief, elsewhere
):
    is_lost(agent, conversation)
    address = f"{BOARD}mots-de-danger/{conversation.public_id}/"
    assert "appelez Louise" in unescape(signed_in(chief.user).get(address).text)
    page = squeezed(unescape(signed_in(elsewhere.user).get(address).text))
    assert "Il est de l'unité Ici : un superviseur de cette unité lit ici son nom" in page and "Louise" not in page


def test_mark_of_somebody_who_was_taken_out_of_the_queue_is_every_supervisors(agent, conversation, chief, elsewhere):
    is_lost(agent, conversation)
    for reader in (chief, elsewhere):
        (line,) = lines(reader)
        assert (line.place, line.name, line.conversation) == ("93200", "", conversation.public_id)
        assert line.state == "la personne est partie de la file"
    left_marks.deal_with_left(public_id=conversation.public_id, by=elsewhere)
    assert lines(chief) == []


def test_who_comes_back_is_marked_in_the_queue_and_not_as_gone(agent, conversation, chief):
    is_lost(agent, conversation)
    resume.revive_conversation(conversation_id=conversation.pk)
    conversation.refresh_from_db()
    assert conversation.status == Status.WAITING and lines(chief) == []
    assert signed_in(chief.user).post(f"{BOARD}mots-de-danger/{conversation.public_id}/").headers["Location"] == BOARD
    assert DangerMark.objects.get().dealt_seq == 0


def test_mark_that_was_dealt_with_before_the_end_is_not_left(agent, conversation, chief):
    seq = DangerMark.objects.get().seqs[-1]
    assert danger.deal_with(conversation_id=conversation.pk, seq=seq, by=agent.user) == 0
    ends(conversation)
    assert lines(chief) == [] and ended(agent).dangers == []
    assert waiting_danger.mark_who_waits() == 0 and DangerMark.objects.get().left_at is None


def test_marks_that_are_left_are_bounded_in_time_and_number(agent, conversation, chief, monkeypatch):
    ends(conversation)
    second = make.assigned(agent)
    make.message(second, WORDS)
    inbox.open_entries(agent, timezone.now())
    ends(second)
    DangerMark.objects.filter(conversation=conversation).update(left_at=make.long_ago(1))
    assert [line.conversation for line in lines(chief)] == [second.public_id, conversation.public_id]
    with monkeypatch.context() as fewer:
        fewer.setattr(left_marks, "SHOWN", 1)
        assert [line.conversation for line in lines(chief)] == [second.public_id]
    past = timezone.now() - danger.LEFT_FOR
    DangerMark.objects.filter(conversation=conversation).update(left_at=past)
    Conversation.objects.filter(pk=conversation.pk).update(closed_at=past)
    assert [line.conversation for line in lines(chief)] == [second.public_id]
    assert inbox.entry_of(agent, Conversation.objects.get(pk=conversation.pk), timezone.now()).dangers == []


def test_agents_deal_with_no_mark_of_others(agent, conversation):
    is_lost(agent, conversation)
    other = make.agent(unit_name="Ici")
    with pytest.raises(left_marks.NoMark):
        left_marks.deal_with_left(public_id=conversation.public_id, by=other)
    assert signed_in(other.user).get(f"{BOARD}mots-de-danger/{conversation.public_id}/").status_code == 403


def test_mark_of_who_came_back_goes_with_an_exchange_that_its_agent_ended(agent, conversation, chief):
    """It stood on the board for a day, and the agent could not say that it is dealt with."""
    is_lost(agent, conversation)
    resume.revive_conversation(conversation_id=conversation.pk)
    with transaction.atomic():
        dispatcher.hand_to(conversation_id=conversation.pk, agent=agent, now=timezone.now())
    make.message(conversation, "Je suis là.", author=Author.AGENT)
    actions.close_conversation(
        conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.OTHER
    )
    assert DangerMark.objects.get().left_at and lines(chief) == []
    with pytest.raises(left_marks.NoMark):
        left_marks.deal_with_left(public_id=conversation.public_id, by=chief)


def test_end_is_told_by_its_own_hour_whenever_its_words_are_read(agent, chief):
    """A process that reads them for the first time finds one more than are kept, and is no news of the person."""
    conversation = make.assigned(agent)
    for _each in range(danger.MARKS_AT_MOST + 1):
        make.message(conversation, WORDS)
    inbox.open_entries(agent, timezone.now())
    ends(conversation)
    long_ago = make.long_ago(60 * 10)
    Conversation.objects.filter(pk=conversation.pk).update(closed_at=long_ago)
    for left_at in (long_ago, None, make.long_ago(60 * 11)):
        DangerMark.objects.update(left_at=left_at)
        danger.looked.note({}, str(uuid.uuid4()))  # as another process
        assert ended(agent).dangers == [Kind.SUICIDE]
        (line,) = lines(chief)
        assert (line.since, DangerMark.objects.get().left_at) == ("10 h 00", long_ago)


def test_invented_marks_hide_nobody_who_had_an_agent_and_are_counted(agent, conversation, chief, monkeypatch):
    """Whoever files reports and leaves with words of danger stood before a real danger, for a day."""
    make.message(conversation, "Je suis là.", author=Author.AGENT)
    is_lost(agent, conversation)
    first, crowded, other = (make.waiting() for _each in range(3))
    for invented in (first, crowded, other):
        make.message(invented, WORDS)
        ends(invented)
    Conversation.objects.filter(pk=crowded.pk).update(is_crowded=True)
    waiting_danger.mark_who_waits()
    order = [conversation.public_id, other.public_id, first.public_id, crowded.public_id]
    assert [line.conversation for line in lines(chief)] == order
    monkeypatch.setattr(left_marks, "SHOWN", 1)
    board = live_board.read(timezone.now(), units={chief.unit_id})
    assert ([line.conversation for line in board.left_marks], board.left_marks_left_out) == (order[:1], 3)
    page = unescape(squeezed(signed_in(chief.user).get(BOARD).text))
    assert "3 autres personnes parties après des mots de danger ne sont pas montrées" in page


def test_supervisor_of_another_unit_is_told_how_many_and_whom_to_call(agent, conversation, chief, elsewhere):
    """Alone on duty, they had an alert until the person pressed the end, and then none."""
    ends(conversation)
    text = "1 personne d'une autre unité est partie, et personne n'a pris en compte ses mots de suicide ou de danger : "
    client = signed_in(elsewhere.user)
    alerts = unescape(squeezed(client.get(BOARD).text)).split("data-alerts")[1].split("console-figures")[0]
    assert f"{text}Ici (1)." in alerts and 'id="ailleurs-danger" href="/console/astreintes/"' in alerts
    assert "93200" not in alerts and "Louise" not in alerts and str(conversation.public_id) not in alerts
    figures = squeezed(client.get(f"{BOARD}?partie=chiffres").text)
    assert re.search(r"console-figures__alarm.*?Danger<", figures, re.DOTALL)
    assert text not in unescape(signed_in(chief.user).get(BOARD).text), "it is theirs, and stands there whole"
    left_marks.deal_with_left(public_id=conversation.public_id, by=chief)
    assert text not in unescape(client.get(BOARD).text)


def test_what_another_unit_deals_with_comes_after_who_waits_now(conversation, elsewhere):
    ends(conversation)
    waiting = make.waiting(queued_at=make.long_ago(24 * 60))
    actions.post_message(conversation_id=waiting.pk, client_id=uuid.uuid4(), body=WORDS, author=Author.REPORTER)
    assert waiting_danger.mark_who_waits() == 1
    board = live_board.read(timezone.now(), units={elsewhere.unit_id})
    broken = [alert for alert in board.alerts if alert.level == board.alerts[0].level]
    assert "a écrit des mots de suicide ou de danger, et n'a pas d'agent" in broken[0].text
    assert any(not alert.label for alert in broken), "the wait beyond its limit"
    assert "d'une autre unité est partie" in broken[-1].text


@pytest.mark.parametrize("is_gone", [False, True])
def test_who_knows_somebody_concerned_leaves_a_mark_to_others(agent, conversation, chief, elsewhere, is_gone):
    """It would take somebody in danger off every board. The page says so, and who may do it."""
    recused(conversation, chief)
    if is_gone:
        is_lost(agent, conversation)
    else:
        ends(conversation)
    client, address = signed_in(chief.user), f"{BOARD}mots-de-danger/{conversation.public_id}/"
    board = squeezed(unescape(client.get(BOARD).text))
    assert address in board and "connaissez une personne concernée : qui peut le prendre en compte" in board
    for answer in (client.get(address), client.post(address)):
        page = squeezed(unescape(answer.text))
        assert "parce que vous connaissez une personne concernée : ce n'est pas à vous" in page
        assert ("Tout autre superviseur le peut" in page) is is_gone and '<form method="post">' not in page
        assert "garde que c'est vous" not in page, "it is not for them"
    with pytest.raises(procedures.Recused):
        left_marks.deal_with_left(public_id=conversation.public_id, by=chief)
    assert len(lines(chief)) == 1 and DangerMark.objects.get().dealt_seq == 0
    other = elsewhere if is_gone else make.agent(role=Role.SUPERVISOR, unit_name="Ici", public_name="Alex")
    page = signed_in(other.user).get(address).text
    assert "connaissez une personne" not in page and '<form method="post">' in page
    left_marks.deal_with_left(public_id=conversation.public_id, by=other)
    assert lines(chief) == []


def test_the_only_supervisor_deals_with_a_mark_although_they_know_somebody_and_reads_it(agent, conversation, chief):
    recused(conversation, chief)
    ends(conversation)
    client, address = signed_in(chief.user), f"{BOARD}mots-de-danger/{conversation.public_id}/"
    page = squeezed(unescape(client.get(address).text))
    assert "Aucun autre superviseur ne peut le faire à votre place" in page and '<form method="post">' in page
    other = make.agent(role=Role.SUPERVISOR, unit_name="Ailleurs")
    other.user.is_active = False
    other.user.save()
    assert "Pris en compte." in unescape(client.post(address, follow=True).text), "that account is closed"
    assert lines(chief) == []
