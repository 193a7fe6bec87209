"""The handles of an agent's conversations, as they are stored and shown."""

import re
from html import unescape

import html5lib
import pytest
from django.utils import timezone

from chat.casework import emergencies
from chat.casework.handles import give_handles, handle_of
from chat.console import casework_panels, inbox
from chat.conversations import dispatcher
from chat.models import Agent, Conversation, ConversationHandle
from chat.models.casework import read_file_number
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Status
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.chat.conversations.test_actions import in_threads
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def numbers(agent: Agent) -> dict[int, int]:
    return {entry.conversation.pk: entry.number for entry in inbox.open_entries(agent, timezone.now())}


def test_a_number_stays_when_others_come_and_end():
    agent = make.agent(capacity=10)
    first, second, third = (make.assigned(agent) for _number in range(3))
    assert numbers(agent) == {first.pk: 1, second.pk: 2, third.pk: 3}
    client = signed_in(agent.user)
    client.post(page_of(first) + "terminer/", {"outcome": "advised", "confirm": "on"})
    fourth = make.assigned(agent)
    assert numbers(agent) == {second.pk: 2, third.pk: 3, fourth.pk: 4}


def test_a_conversation_that_comes_back_has_its_handle_and_a_colleague_keeps_the_word():
    agent, colleague = make.agent(), make.agent()
    conversation = make.assigned(agent)
    make.assigned(agent)
    numbers(agent)
    before = handle_of(agent, conversation)
    Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(10))
    dispatcher.release_stale()
    now = timezone.now()
    assert dispatcher.claim_conversation(conversation_id=conversation.pk, agent_id=colleague.pk, now=now)
    numbers(colleague)
    assert handle_of(colleague, conversation).word == before.word
    assert handle_of(agent, conversation) == before


def test_page_part_of_a_page_and_document_say_the_same_handle():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    assert str(handle_of(agent, conversation)) == "None"
    client.get(CONSOLE)
    aim = str(handle_of(agent, conversation))
    assert re.fullmatch(r"1 · \S+", aim)
    for address in (page_of(conversation), page_of(conversation) + "?partie=echange", CONSOLE + "?partie=liste"):
        assert f'data-aim="{aim}"' in client.get(address).text
    paper = casework_panels.document(agent, conversation, motive="essai", now=timezone.now())
    assert any(aim in line for line in paper.about)


def test_key_of_somebody_who_just_left_opens_nobody_else():
    """An agent pressed Alt + 8 for the one before, and ended the exchange of the next."""
    agent = make.agent(capacity=10)
    held = [make.assigned(agent) for _number in range(9)]
    give_handles(agent, [one.pk for one in held])
    ConversationHandle.objects.filter(agent=agent).update(given_at=make.long_ago(30))

    def ended(minutes: float, one: Conversation) -> int:
        Conversation.objects.filter(pk=one.pk).update(status=Status.CLOSED, closed_at=make.long_ago(minutes))
        come = make.assigned(agent)
        return give_handles(agent, [come.pk])[come.pk].number

    assert ended(0.5, held[7]) == 10, "number 8 rests"
    assert ended(6, held[2]) == 3, "and so does 8 still, but not 3"
    Conversation.objects.filter(pk=held[4].pk).update(assigned_to=make.agent(), assigned_at=make.long_ago(1))
    come = make.assigned(agent)
    assert give_handles(agent, [come.pk])[come.pk].number == 11, "handed to a colleague a minute ago"


# Buttons in a row, which need no name: the thread or the dossier around them says about whom they are.
IN_A_ROW = {"minutes", "step", "situation", "press", "said"}
# A button that puts words into the answer sends nothing, and the answer says to whom it goes. Nor does the search for a
# unit.
SENDS_NOTHING = {"insert", "act=search"}
# These address nobody: the sheet and the summaries are saved, a question goes to a colleague without a word of the
# exchange, a document is made.
KEEPS = {
    "Enregistrer la fiche", "Demander", "Faire le document", "Faire une archive vérifiable (PDF, JSON)", "Fermer",
}  # fmt: skip
# For the answer, the label of its field says to whom it goes, above the text.
ANSWERS = "Envoyer"


def test_every_button_that_acts_says_whom():
    """Found on the page, not named here: of an exchange with a note, a transmission and an open procedure, or none."""
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    client.get(CONSOLE)
    aim = str(handle_of(agent, conversation))
    client.post(page_of(conversation) + "note/", {"body": "Rappeler demain."})
    seen = set()
    for is_in_danger in (False, True):
        if is_in_danger:
            emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
        page = html5lib.parse(client.get(page_of(conversation)).text, namespaceHTMLElements=False)
        parents = {child: parent for parent in page.iter() for child in parent}
        for part in page.iterfind(".//*[@data-conversation]"):
            for button in part.iterfind(".//button[@type='submit']"):
                words = " ".join("".join(button.itertext()).split())
                name, value = button.get("name", ""), button.get("value", "")
                if {name, f"{name}={value}"} & SENDS_NOTHING or words in KEEPS:
                    continue
                told = words
                box = button
                while name in IN_A_ROW and not box.get("data-conversation"):
                    box = parents[box]
                    told = " ".join("".join(box.itertext()).split())
                whom = aim
                if words == ANSWERS:
                    while box.tag != "form":
                        box = parents[box]
                    (label,) = (one for one in box.iter("label") if one.get("for", "").startswith("corps-"))
                    told = " ".join("".join(label.itertext()).split())
                    whom = "Répondre à " + aim.replace(" · ", " ")  # the number has its own colour, and no dot after it
                assert whom in told.replace("\u00a0", " "), (words, name)
                seen.add(words.removesuffix(aim).strip())
    acts = {"Passer l'échange", "Garder la note", "Remplacer", "Changer", "Terminer la procédure", ANSWERS}
    acts |= {"Montrer à la personne et demander son accord", f"Terminer {aim} · 93200"}
    assert acts <= seen, seen


def test_who_gave_no_place_has_a_name_that_says_so():
    """Somebody in danger need not give one. The list, the title, the answer and the button name them all the same."""
    agent = make.agent()
    conversation = make.assigned(agent, filed=make.report(municipality=None, postal_code="", force=""))
    client = signed_in(agent.user)
    client.get(CONSOLE)
    word = handle_of(agent, conversation).said
    (entry,) = inbox.open_entries(agent, timezone.now())
    assert entry.name == f"{word} · lieu inconnu"
    page = html5lib.parse(client.get(page_of(conversation)).text, namespaceHTMLElements=False)
    parts = [one for one in page.iter() if one.tag in {"li", "h2", "button", "label"}]
    said = [" ".join("".join(one.itertext()).split()) for one in parts]
    assert any(f"Terminer 1 · {word} · lieu inconnu" in one for one in said)
    assert not [one for one in said if one.endswith("·")], "a name that ends with its point"


@pytest.mark.django_db(transaction=True)
def test_two_pages_at_once_give_one_handle():
    agent = make.agent(capacity=10)
    held = [make.assigned(agent).pk for _number in range(4)]
    given = in_threads(4, lambda _index: give_handles(agent, held))
    assert len({tuple(sorted((pk, str(one)) for pk, one in answer.items())) for answer in given}) == 1
    assert ConversationHandle.objects.filter(agent=agent).count() == 4


def test_list_is_in_order_of_turn_urgency_and_wait_and_says_the_last_words():
    agent = make.agent(capacity=10)
    calm = make.assigned(agent)
    make.message(calm, "je   vous\nécris \u202e pour ma fille")
    answered = make.assigned(agent)
    make.message(answered, "bonjour", Author.AGENT)
    danger = make.assigned(agent, urgency=Urgency.CRITICAL)
    later = make.assigned(agent)
    make.message(later, "moi aussi")
    entries = inbox.open_entries(agent, timezone.now())
    assert [entry.conversation.pk for entry in entries] == [danger.pk, calm.pk, later.pk, answered.pk]
    assert entries[1].last_words == "je vous écris ⟦U+202E⟧ pour ma fille" and not entries[1].last_is_own
    assert entries[3].last_is_own
    make.message(later, "mot " * 900)
    assert len(inbox.open_entries(agent, timezone.now())[2].last_words) <= inbox.LAST_SHOWN


@pytest.mark.parametrize(("view", "shown"), [("", 3), ("a-repondre", 2), ("urgents", 1), ("inconnu", 3)])
def test_list_can_be_narrowed_without_a_script(view, shown):
    agent = make.agent(capacity=10)
    make.assigned(agent, urgency=Urgency.CRITICAL)
    make.assigned(agent)
    make.message(make.assigned(agent), "bonjour", Author.AGENT)
    html = signed_in(agent.user).get(CONSOLE, {"voir": view}).text
    entries = re.findall(r'<li class="console-entry"[^>]*>', html)
    assert len(entries) == 3 and sum(" hidden>" not in one for one in entries) == shown


@pytest.mark.parametrize("view", ["a-repondre", "urgents"])
@pytest.mark.parametrize("grave", ["words", "procedure"])
def test_words_of_danger_and_an_open_procedure_are_in_each_view(view, grave):
    """« Urgents » hid « je veux mourir » of normal urgency, and « À répondre » did once anything was answered."""
    agent = make.agent()
    someone, other = make.assigned(agent), make.assigned(agent)
    make.message(someone, "je veux mourir" if grave == "words" else "bonsoir")
    if grave == "procedure":
        emergencies.start(conversation_id=someone.pk, situation=Situation.DANGER, by=agent.user)
    for one in (someone, other):
        make.message(one, "Je vous lis.", Author.AGENT)
    html = signed_in(agent.user).get(CONSOLE, {"voir": view}).text
    entries = re.findall(r'<li class="console-entry" data-conversation="([^"]+)"([^>]*)>', html)
    assert {key: rest.endswith(" hidden") for key, rest in entries} == {
        str(someone.public_id): False,
        str(other.public_id): True,
    }
    counts = re.findall(r'data-view="([^"]*)".*?data-slot="count">([0-9]+)<', html, re.DOTALL)
    assert dict(counts) == {"": "2", "a-repondre": "1", "urgents": "1"}


def test_looking_whether_an_end_is_whole_ends_nothing():
    agent = make.agent()
    conversation = make.assigned(agent)
    client, address = signed_in(agent.user), page_of(conversation) + "terminer/"
    answer = client.post(address, {"verifier": "1", "confirm": "on"})
    assert "Choisissez une issue." in unescape(answer.text)
    answer = client.post(address, {"verifier": "1", "outcome": "advised", "confirm": "on"})
    assert answer.status_code == 204
    conversation.refresh_from_db()
    assert conversation.is_open
    client.post(address, {"outcome": "advised", "confirm": "on"})
    conversation.refresh_from_db()
    assert not conversation.is_open


@pytest.mark.parametrize("typed", ["PNAV-5ZBV-5BHV", "pnav 5zbv 5bhv", "5zbv5bhv", " PNAV5ZBV-5BHV "])
def test_file_number_is_read_however_it_is_said(typed):
    assert read_file_number(typed) == "PNAV-5ZBV-5BHV"


@pytest.mark.parametrize("typed", ["", "5ZBV", "PNAV-5ZBV-5BHVX", "PNAV-0OBV-5BHV", "٥ZBV5BHV"])
def test_file_number_that_is_none(typed):
    assert read_file_number(typed) == ""
