"""« Ma version » of a summary: who reads what the person wrote there, and what becomes of it when it comes too late."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.utils import timezone

from chat.casework import danger
from chat.console import inbox
from chat.conversations import actions as conversation_actions
from chat.conversations import dispatcher
from chat.models import Agent, Conversation, DangerMark, DangerPhrase
from chat.models.transfer import Handover, HandoverText
from chat.rules.danger_words import Kind
from chat.rules.lifecycle import Author
from chat.rules.transfer import Answer, HandoverState, Part
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from tests.chat.console.agents import page_of, signed_in
from tests.chat.transfer.acts import accept, answer, propose
from tests.chat.transfer.test_transfer_pages import sent_from, transfer, visit_of
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

WORDS = "En vrai, je veux mourir."
PAGE = "/tchat/passage/"


def console_of(agent):
    """Return the browser of this agent, signed in once."""
    if "console" not in vars(agent):
        agent.console = signed_in(agent.user)
    return agent.console


def write(conversation, words=WORDS) -> Handover:
    """Answer the summary that waits with these words, on its page."""
    person = visit_of(conversation)
    data = sent_from(person.get(PAGE).text, answer="corrected", correction=words)
    assert person.post(PAGE, data).url == "/tchat/"
    return Handover.objects.latest("pk")


def panel(agent, conversation) -> str:
    """Return « Passer l'échange » as this agent reads it."""
    html = unescape(console_of(agent).get(page_of(conversation)).text)
    return re.search(r'<section[^>]* id="passage-.*?</section>', html, re.DOTALL).group()


def declined(one, _camille, alex):
    transfer_actions.decline_handover(
        handover_id=one.pk, conversation_id=one.conversation_id, by=alex, reason="Je termine."
    )
    return HandoverState.DECLINED


def expired(one, _camille, _alex):
    Handover.objects.filter(pk=one.pk).update(until=timezone.now() - timedelta(seconds=1))
    assert transfer_actions.advance_handovers() == 1
    return HandoverState.EXPIRED


def withdrawn(one, camille, _alex):
    transfer_actions.withdraw_handover(conversation_id=one.conversation_id, by=camille)
    return HandoverState.WITHDRAWN


def test_summary_that_an_end_refuses_is_given_back_beside_a_version_of_the_person(conversation, camille, alex):
    """The version stays on the page of what has ended, and the part that gives a summary back was left out there."""
    propose(conversation, camille, agent=alex.pk)
    withdrawn(write(conversation), camille, alex)
    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    client = console_of(camille)
    html = unescape(transfer(client, conversation, target=f"agent-{alex.pk}", summary="Mon brouillon").text)
    assert WORDS in html
    assert re.search(r"<textarea[^>]* readonly data-to-copy>\s*Mon brouillon</textarea>", html)


def test_own_version_is_read_by_who_answers_while_the_passage_is_open(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    assert WORDS not in panel(camille, conversation)
    write(conversation)
    shown = panel(camille, conversation)
    assert WORDS in shown and "Mots de suicide" in shown and "Retirer la proposition" in shown
    assert console_of(alex).get(page_of(conversation)).status_code == 404, "nobody has accepted"


@pytest.mark.parametrize("end", [declined, expired, withdrawn])
def test_own_version_stays_with_who_answers_when_nobody_takes_the_exchange(conversation, camille, alex, end):
    propose(conversation, camille, agent=alex.pk)
    one = write(conversation)
    state = end(one, camille, alex)
    one.refresh_from_db()
    assert one.state == state
    shown = panel(camille, conversation)
    assert WORDS in shown and "Mots de suicide" in shown


def test_own_version_goes_to_who_is_given_the_exchange_after_a_lost_lease(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    one = write(conversation)
    Agent.objects.filter(pk=camille.pk).update(seen_at=timezone.now() - timedelta(seconds=2 * settings.LEASE_SECONDS))
    assert dispatcher.release_stale() == 1 and transfer_actions.advance_handovers() == 1
    one.refresh_from_db()
    assert one.state == HandoverState.LOST
    assert dispatcher.dispatch() == 1
    assert WORDS in panel(alex, conversation)


def test_own_version_is_read_by_the_colleague_once_and_marked(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    accept(write(conversation), alex)
    html = unescape(console_of(alex).get(page_of(conversation)).text)
    assert html.count(WORDS) == 1 and WORDS not in panel(alex, conversation)
    handed = re.search(r"<h3>Passage</h3>.*?</section>", html, re.DOTALL).group()
    assert WORDS in handed and "Mots de suicide" in handed


def test_summary_of_the_agent_is_deleted_and_one_that_was_agreed_to_is_not_kept_alone(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    answer(one, Answer.AGREED)
    declined(one, camille, alex)
    assert list(HandoverText.objects.values_list("part", flat=True)) == [Part.REFUSAL]


def test_sign_leads_to_the_version_whose_words_are_of_danger(conversation, camille, alex):
    """A harmless version of an earlier passage led away from the one by which the exchange came."""

    def led() -> str:
        html = unescape(console_of(alex).get(page_of(conversation)).text)
        [link] = re.findall(r'<a class="console-insert" data-slot="danger-where"([^>]*)>', html)
        assert "hidden" not in link
        return re.search(r'href="#(\w+)-', link)[1]

    propose(conversation, camille, agent=make.agent().pk)
    withdrawn(write(conversation, "Ce n'est pas un camarade."), camille, alex)
    propose(conversation, camille, agent=alex.pk)
    accept(write(conversation), alex)
    assert led() == "recu"
    conversation.refresh_from_db()
    propose(conversation, alex, agent=camille.pk)
    write(conversation)
    assert led() == "passage", "it is the last one, and still open"


@pytest.mark.parametrize("has_written", [True, False])
def test_danger_in_an_own_version_is_marked_until_it_is_dealt_with(conversation, camille, alex, has_written):
    """It is no message: the line that tells of it is marked."""
    if has_written:
        make.message(conversation, "Bonjour")
    propose(conversation, camille, agent=alex.pk)
    write(conversation)
    [entry] = inbox.open_entries(camille, timezone.now())
    assert entry.dangers == [Kind.SUICIDE]
    conversation.refresh_from_db()
    assert intervention.cannot_wait(conversation)
    mark = DangerMark.objects.get()
    line = conversation.messages.get(seq=mark.seqs[-1])
    assert line.author == Author.SYSTEM and "Le résumé a été corrigé" in line.body
    address = page_of(conversation) + "mots-de-danger/"
    console_of(camille).post(address, {"seq": str(entry.danger_seq)})
    [entry] = inbox.open_entries(camille, timezone.now())
    assert entry.dangers == [] and not intervention.cannot_wait(conversation)


def test_danger_in_an_own_version_is_told_on_every_page_of_the_agent(conversation, camille, alex):
    """It is no message, so no page but the list of the console told of it."""
    propose(conversation, camille, agent=alex.pk)
    write(conversation)

    def told() -> tuple[int, int, int]:
        standing = console_of(camille).get("/console/presence/", headers={"Accept": "application/json"}).json()
        frame = unescape(console_of(camille).get("/console/presence/").text)
        return standing["unread"], standing["in_danger"], frame.count("mots de suicide ou de danger")

    assert told() == (0, 1, 1)
    DangerMark.objects.update(dealt_seq=DangerMark.objects.get().seqs[-1])
    assert told() == (0, 0, 0)


def test_mark_of_an_own_version_that_was_deleted_stays_to_be_dealt_with(conversation, camille, alex):
    """A process of the version before deletes it with the end of the passage: the mark stayed, and was not shown."""
    propose(conversation, camille, agent=alex.pk)
    write(conversation)
    HandoverText.objects.filter(part=Part.CORRECTION).delete()
    [entry] = inbox.open_entries(camille, timezone.now())
    assert (entry.dangers, entry.danger_seq) == ([Kind.DANGER], DangerMark.objects.get().seqs[-1])
    address = page_of(conversation) + "mots-de-danger/"
    console_of(camille).post(address, {"seq": str(entry.danger_seq)})
    [entry] = inbox.open_entries(camille, timezone.now())
    assert entry.dangers == []


@pytest.fixture
def phrases_of_the_test():
    yield
    danger.forget_phrases()


@pytest.mark.usefixtures("phrases_of_the_test")
def test_own_version_whose_words_were_withdrawn_is_not_marked_any_more(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    write(conversation)
    DangerPhrase.objects.update(is_active=False)
    danger.forget_phrases()
    [entry] = inbox.open_entries(camille, timezone.now())
    assert entry.dangers == []


def test_mark_of_an_own_version_leaves_those_of_messages(conversation, camille, alex):
    """Eight are kept, with the last of each kind: the version tells of danger, and the first message of suicide."""
    first = make.message(conversation, "je veux mourir")
    for _n in range(7):
        make.message(conversation, "il est devant ma porte")
    inbox.open_entries(camille, timezone.now())
    assert len(DangerMark.objects.get().seqs) == 8
    propose(conversation, camille, agent=alex.pk)
    write(conversation, "il est devant ma porte")
    conversation.refresh_from_db()
    kept = DangerMark.objects.get().seqs
    assert len(kept) == 8 and kept[0] == first.seq and kept[-1] == conversation.last_seq
    [entry] = inbox.open_entries(camille, timezone.now())
    assert entry.dangers == [Kind.SUICIDE, Kind.DANGER]


def test_calm_version_marks_nothing_and_no_message_is_written(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    one = write(conversation, "Au lycée.")
    assert one.summary == "Au lycée." and not DangerMark.objects.exists()
    assert not conversation.messages.filter(author=Author.REPORTER).exists()
    assert "Au lycée." in panel(camille, conversation)


def test_thread_in_discreet_mode_tells_nothing_of_an_own_version(camille, alex):
    discreet = make.assigned(camille, discreet=True)
    propose(discreet, camille, agent=alex.pk)
    write(discreet)
    assert WORDS not in unescape(visit_of(discreet).get("/tchat/").text)
    assert WORDS in panel(camille, discreet)


def test_page_says_who_reads_an_own_version_and_until_when(conversation, camille, alex):
    one = propose(conversation, camille, agent=alex.pk)
    html = unescape(visit_of(conversation).get(PAGE).text)
    assert "Camille, police nationale lira aussi ces mots." in html
    assert f"Réponse possible jusqu'à {timezone.localtime(one.until):%H:%M} (heure de Paris)." in html


# --- too late ---------------------------------------------------------------------------------------------------------


def too_late(one, _camille):
    Handover.objects.filter(pk=one.pk).update(until=timezone.now() - timedelta(seconds=1))


def offered_without(one, camille):
    too_late(one, camille)
    assert transfer_actions.advance_handovers() == 1


def taken_back(one, camille):
    transfer_actions.withdraw_handover(conversation_id=one.conversation_id, by=camille)


@pytest.mark.parametrize("end", [too_late, offered_without, taken_back])
def test_own_version_that_comes_too_late_is_given_back(conversation, camille, alex, end):
    """It was thrown away, and the page led back to the exchange without a word."""
    one = propose(conversation, camille, agent=alex.pk)
    person = visit_of(conversation)
    data = sent_from(person.get(PAGE).text, answer="corrected", correction="Un-mot-garde")
    end(one, camille)
    given = person.post(PAGE, data)
    html = unescape(given.text)
    assert given.status_code == 409 and 'role="alert"' in html and "Un-mot-garde</textarea>" in html
    assert "vos mots n'ont pas été transmis" in html and "<title>Erreur :" in html
    assert not HandoverText.objects.filter(part=Part.CORRECTION).exists()
    assert person.post("/tchat/message/", sent_from(html, body="Un-mot-garde")).status_code == 302
    assert conversation.messages.get(author=Author.REPORTER).body == "Un-mot-garde"


def test_own_version_that_comes_as_the_summary_ends_is_given_back(conversation, camille, alex, monkeypatch):
    """The delay ran out between the reading of the page and the lock."""
    one = propose(conversation, camille, agent=alex.pk)
    person = visit_of(conversation)
    data = sent_from(person.get(PAGE).text, answer="corrected", correction="Un-mot-garde")
    answer_summary = transfer_actions.answer_summary

    def end_before(**asked):
        too_late(one, camille)
        answer_summary(**asked)

    monkeypatch.setattr(transfer_actions, "answer_summary", end_before)
    given = person.post(PAGE, data)
    assert given.status_code == 409 and "Un-mot-garde</textarea>" in given.text


def test_own_version_after_the_end_is_given_back_to_be_copied(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    person = visit_of(conversation)
    data = sent_from(person.get(PAGE).text, answer="corrected", correction="Un-mot-garde")
    conversation_actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
    given = person.post(PAGE, data)
    html = unescape(given.text)
    assert given.status_code == 409 and "Un-mot-garde</textarea>" in html
    assert "L'échange est terminé" in html and 'action="/tchat/message/"' not in html


def test_own_version_that_comes_twice_was_taken_the_first_time(conversation, camille, alex):
    propose(conversation, camille, agent=alex.pk)
    person = visit_of(conversation)
    data = sent_from(person.get(PAGE).text, answer="corrected", correction="Un\r\nmot ")
    assert [person.post(PAGE, data).status_code for _twice in range(2)] == [302, 302]
    assert person.post(PAGE, {**data, "correction": "Un autre"}).status_code == 409
    assert person.post(PAGE, {**data, "summary": "x"}).status_code == 409, "no such summary"


@pytest.mark.parametrize("data", [{"answer": "agreed"}, {"answer": "refused", "correction": "Les mots de l'agent"}])
def test_other_answers_that_come_too_late_lead_back_to_the_thread(conversation, camille, alex, data):
    one = propose(conversation, camille, agent=alex.pk)
    person = visit_of(conversation)
    sent = sent_from(person.get(PAGE).text, **data)
    too_late(one, camille)
    assert person.post(PAGE, sent).url == "/tchat/"


def test_version_of_another_exchange_is_not_taken(conversation, camille, alex):
    """The id of somebody else's summary tells nothing of what they wrote."""
    propose(conversation, camille, agent=alex.pk)
    one = write(conversation)
    stranger = visit_of(make.assigned(alex))
    sent = {"answer": "corrected", "correction": WORDS, "summary": str(one.public_id)}
    assert stranger.post(PAGE, sent).status_code == 409
    assert Conversation.objects.count() == 2
