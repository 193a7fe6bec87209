"""Facts and their captures are shown, taken back and erased together, and the page says both counts."""

import uuid
from html import unescape

import pytest

from chat.captures import joined, queries, receiving
from chat.journal import actions as journal
from chat.journal.facts import Told
from chat.models import Capture, JournalFact
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
FACTS, CAPTURES = "/tchat/faits/", "/tchat/captures/"


def note(conversation, what="Un mot"):
    return journal.note_fact(conversation_id=conversation.pk, public_id=uuid.uuid4(), told=Told(what))


def join(conversation, fact):
    capture = make_captures.received(conversation)
    Capture.objects.filter(pk=capture.pk).update(fact=fact)
    return capture


@pytest.fixture
def person(as_reporter):
    """Return somebody's browser, their exchange, a private fact and its private capture."""
    conversation = make.assigned()
    fact = note(conversation)
    return as_reporter(conversation), conversation, fact, join(conversation, fact)


def act(client, act, *facts, **more):
    """Do this with these facts, and return what the page says then."""
    data = {"act": act, "fact": [str(fact.public_id) for fact in facts], **more}
    page = squeezed(unescape(client.post(FACTS, data, follow=True).text))
    return page[page.index("<main") : page.index("Noter un fait</h1>")] if "Noter un fait</h1>" in page else page


def is_shown(capture):
    return make_captures.fresh(capture).shown_at is not None


def test_what_is_taken_back_takes_its_captures_back(person):
    client, conversation, fact, capture = person
    assert "Montré à votre interlocuteur : 1. Fichiers joints montrés : 1." in act(client, "show", fact)
    assert is_shown(capture)
    assert "De nouveau privé : 1. Fichiers joints de nouveau privés : 1." in act(client, "take_back", fact)
    assert not is_shown(capture) and queries.mark_read(conversation) == 0, "the agent's page has nothing of it"
    receiving.erase_capture(conversation_id=conversation.pk, public_id=capture.public_id)
    assert not Capture.objects.exists()


def test_captures_of_another_fact_stay_as_they_are(person):
    client, conversation, fact, capture = person
    other = note(conversation, "Un autre")
    theirs = join(conversation, other)
    act(client, "show", fact, other)
    act(client, "take_back", fact)
    assert not is_shown(capture) and is_shown(theirs)


def test_erased_fact_leaves_its_captures_private(person):
    client, conversation, fact, capture = person
    act(client, "show", fact)
    said = act(client, "erase", fact_id=str(fact.public_id))
    assert "C'est effacé. Fichiers joints de nouveau privés : 1." in said
    kept = make_captures.fresh(capture)
    assert (kept.shown_at, kept.fact) == (None, None) and not JournalFact.objects.exists()
    assert queries.mark_read(conversation) == 0


def test_fact_that_was_read_is_not_erased_and_its_captures_stay_shown(person):
    client, conversation, fact, capture = person
    act(client, "show", fact)
    journal.mark_read(conversation)
    assert "Déjà lu par votre interlocuteur" in act(client, "erase", fact_id=str(fact.public_id))
    assert is_shown(capture) and JournalFact.objects.exists()
    with pytest.raises(journal.FactRead):
        joined.erase_fact(conversation=conversation, public_id=fact.public_id)


@pytest.mark.parametrize("what", ["take_back", "erase"])
def test_capture_that_was_seen_stays_and_the_page_says_so(person, what):
    client, conversation, fact, capture = person
    act(client, "show", fact)
    queries.mark_read(conversation)
    said = act(client, what, fact, fact_id=str(fact.public_id))
    assert "Fichiers joints déjà vus, qui restent dans l'échange : 1." in said and "nouveau privés" not in said
    assert is_shown(capture)


def test_capture_that_is_joined_to_a_shown_fact_is_shown_with_it_and_told(person):
    client, conversation, fact, _capture = person
    act(client, "show", fact)
    late = join(conversation, fact)
    assert not is_shown(late)
    said = act(client, "show", fact)
    assert "Fichiers joints montrés : 1." in said and "cochez" not in said and is_shown(late)
    assert "cochez d'abord" in act(client, "show", fact), "there is nothing more to show"


def test_showing_all_leaves_what_was_taken_back_by_itself(person):
    client, conversation, fact, capture = person
    act(client, "show", fact)
    client.post(CAPTURES, {"act": "take_back", "one": str(capture.public_id)})
    other = note(conversation, "Un autre")
    theirs = join(conversation, other)
    assert "Montré à votre interlocuteur : 1. Fichiers joints montrés : 1." in act(client, "show_all")
    assert is_shown(theirs) and not is_shown(capture)


def test_nothing_is_said_to_be_read_that_was_not(person):
    """One fact is shown, and « Ne plus montrer » is pressed with a private one ticked."""
    client, conversation, fact, _capture = person
    act(client, "show", fact)
    said = act(client, "take_back", note(conversation, "Un autre"))
    assert "cochez d'abord" in said and "Déjà lu" not in said


def test_what_was_read_meanwhile_is_counted_beside_what_is_private_again(person):
    client, conversation, fact, _capture = person
    act(client, "show", fact)
    journal.mark_read(conversation)
    other = note(conversation, "Un autre")
    act(client, "show", other)
    said = act(client, "take_back", fact, other)
    assert "De nouveau privé : 1. Déjà lu par votre interlocuteur, cela reste dans l'échange : 1." in said
