"""The worker's guess of a language: when and how often it is made, what is stored of it, and what the agent reads."""

import re
from html import unescape

import pytest

from chat.casework import danger, person_summary
from chat.conversations import language_guess
from chat.models import UNREADABLE, CannedReply, Conversation, Message
from chat.rules import danger_words, written_language
from chat.rules.lifecycle import Author
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import spaced

pytestmark = pytest.mark.django_db

ENGLISH = "hello, somebody is posting my pictures on the internet and i am very scared"


@pytest.fixture
def agent():
    return make.agent()


def guessed(conversation) -> tuple[str, int]:
    conversation.refresh_from_db()
    return conversation.guessed_language, conversation.guess_reads


def test_guess_waits_for_letters_enough_and_is_made_twice_at_most(agent, monkeypatch):
    asked = []
    whole = written_language.guess_language
    monkeypatch.setattr(written_language, "guess_language", lambda text: asked.append(text) or whole(text))
    conversation = make.assigned(agent)
    make.message(conversation, "hello")
    assert language_guess.guess_languages() == 0 and guessed(conversation) == ("", 0)
    make.message(conversation, ENGLISH)
    assert language_guess.guess_languages() == 1 and guessed(conversation) == ("en", 1)
    assert language_guess.guess_languages() == 0, "nothing was written since"
    make.message(conversation, "je ne suis pas là", Author.AGENT)
    assert language_guess.guess_languages() == 0 and len(asked) == 1
    for _each in range(3):
        make.message(conversation, "je ne sais pas ce que je dois faire, il a mes photos et il menace ma famille")
    assert language_guess.guess_languages() == 1 and guessed(conversation)[1] == 2
    make.message(conversation, ENGLISH * 4)
    assert language_guess.guess_languages() == 0 and len(asked) == 2
    assert all("je ne suis pas là" not in text for text in asked), "what the agent writes says nothing of the person"


def test_message_that_cannot_be_opened_is_not_taken_for_the_words_of_the_person(agent, monkeypatch):
    conversation = make.assigned(agent)
    make.message(conversation, ENGLISH)
    assert language_guess.guess_languages() == 1 and guessed(conversation) == ("en", 1)
    for _each in range(8):
        make.message(conversation, ENGLISH)
    with monkeypatch.context() as patch:
        patch.setattr(Message, "opened", lambda *_args, **_options: str(UNREADABLE))
        assert language_guess.guess_languages() == 0 and guessed(conversation) == ("en", 1)
    make.message(conversation, "yes")
    assert language_guess.guess_languages() == 1 and guessed(conversation) == ("en", 2)


def test_nothing_of_the_text_is_kept(agent):
    conversation = make.assigned(agent)
    make.message(conversation, ENGLISH)
    language_guess.guess_languages()
    row = Conversation.objects.filter(pk=conversation.pk).values().get()
    assert not any("pictures" in str(value) for value in row.values())


def test_cost_of_a_tick_is_bounded(agent, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(language_guess, "CONVERSATIONS_AT_ONCE", 2)
    for _each in range(3):
        make.message(make.assigned(agent), ENGLISH)
    with django_assert_max_num_queries(1 + 2 * 2):
        assert language_guess.guess_languages() == 2
    assert language_guess.guess_languages() == 1
    with django_assert_max_num_queries(1):
        assert language_guess.guess_languages() == 0


def test_who_waits_or_has_gone_is_not_looked_at(agent):
    make.message(make.waiting(), ENGLISH)
    assert language_guess.guess_languages() == 0


def test_agent_reads_a_guess_worded_as_one_in_the_list_and_over_the_thread(agent):
    conversation = make.assigned(agent)
    Conversation.objects.filter(pk=conversation.pk).update(guessed_language="es")
    client = signed_in(agent.user)
    listed = spaced(unescape(client.get(CONSOLE).text))
    assert re.search(r'data-slot="language">\s*écrit en espagnol \?\s*<', listed)
    strip = re.search(
        r'<ul class="console-signs".*?</ul>', spaced(unescape(client.get(page_of(conversation)).text)), re.S
    )
    assert "écrit en espagnol ? À vérifier" in " ".join(strip.group(0).split())
    Conversation.objects.filter(pk=conversation.pk).update(guessed_language="fr")
    assert 'data-slot="language" hidden>' in client.get(CONSOLE).text
    assert "À vérifier : Pnav le suppose" not in client.get(page_of(conversation)).text


@pytest.mark.parametrize(("guess", "is_told"), [("es", True), ("ar", True), ("en", False), ("fr", False), ("", False)])
def test_agent_reads_over_the_thread_that_words_of_danger_are_not_marked_in_a_language(agent, guess, is_told):
    conversation = make.assigned(agent)
    Conversation.objects.filter(pk=conversation.pk).update(guessed_language=guess)
    client = signed_in(agent.user)
    assert ("n'y repère pas tous les mots de danger" in unescape(client.get(page_of(conversation)).text)) is is_told
    assert "n'y repère pas" not in unescape(client.get(CONSOLE).text), "the list has no room for it"


def test_words_of_danger_are_marked_in_the_languages_that_are_said_to_have_them():
    said = {"fr": "je veux mourir", "en": "i want to die"}
    assert {code for code, text in said.items() if danger.kinds_in(text)} == set(danger_words.LANGUAGES)


# --- ready answers in the person's language ---------------------------------------------------------------------------


def replies_in(html: str) -> str:
    return re.search(r'<details class="console-canned".*?</details>', html, re.DOTALL).group(0)


@pytest.mark.parametrize(
    ("guess", "reads", "expected"),
    [("en", "fr", "en"), ("", "en", "en"), ("fr", "en", "fr"), ("xx", "fr", "fr"), ("", "fr", "fr")],
)
def test_language_of_ready_answers(agent, guess, reads, expected):
    conversation = make.assigned(agent, language=reads)
    conversation.guessed_language = guess
    assert person_summary.language_to_answer_in(conversation) == expected


@pytest.mark.parametrize(("age_band", "own"), [("adult", "116 006"), ("15_17", "3018 helps young people")])
def test_ready_answers_are_offered_and_inserted_in_the_language_of_the_person(agent, age_band, own):
    conversation = make.assigned(agent, age_band=age_band)
    Conversation.objects.filter(pk=conversation.pk).update(guessed_language="en")
    only_french = CannedReply.objects.create(title="Rappel", vous="Je vous rappelle.", order=1)
    client = signed_in(agent.user)
    html = spaced(unescape(client.get(page_of(conversation)).text))
    offered = replies_in(html)
    assert own in offered and re.search(r">anglais</span>", offered)
    mine = re.search(rf'value="{only_french.public_id}".*?</button>', offered, re.DOTALL).group(0)
    assert "Je vous rappelle." in mine and ">français</span>" in mine
    hello = CannedReply.objects.get(title="Se présenter")
    answer = client.post(page_of(conversation), {"insert": str(hello.public_id), "body": ""}).text
    assert re.search(r"<textarea[^>]*id=\"corps-[^>]*>\nHello, my name is Camille\.", answer)


def test_french_people_are_offered_french_without_a_word_about_it(agent):
    html = spaced(unescape(signed_in(agent.user).get(page_of(make.assigned(agent))).text))
    assert "je m’appelle" in replies_in(html) and ">français</span>" not in replies_in(html)


def test_every_first_reply_has_its_english():
    rows = CannedReply.objects.prefetch_related("text_rows")
    assert [row.title for row in rows if ("en", "vous") not in row.texts] == []
    assert [row.title for row in rows if row.outdated()] == []
    for row in rows:
        row.full_clean()


def test_translation_with_an_unknown_variable_is_refused_by_name():
    row = CannedReply(title="x", vous="Bonjour")
    row.set_texts({"vous_en": "Hello {nobody}"})
    with pytest.raises(Exception, match="nobody"):
        row.full_clean()
