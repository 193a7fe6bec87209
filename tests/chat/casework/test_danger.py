"""Words of suicide and of danger as an agent sees them: measured on sentences, marked, and never acted on."""

import re
from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from chat.casework import danger
from chat.console import inbox
from chat.models import DangerPhrase
from chat.rules import danger_words, emergency_texts
from chat.rules.danger_words import Kind
from chat.rules.lifecycle import Author
from tests.chat.casework.danger_sentences import DANGER, ORDINARY, SUICIDE
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

# What is measured now is written down in ADR 0075: whoever changes a phrase keeps at least this.
FOUND, FALSE_MARKS = 0.97, 0.03


@pytest.fixture(autouse=True)
def _phrases_are_read_again():
    danger.forget_phrases()
    yield
    danger.forget_phrases()


def test_recall_and_false_marks_of_the_first_phrases(tried):
    root = danger_words.build_tree(
        (row.kind, danger_words.read_phrase(row.phrase)) for row in DangerPhrase.objects.filter(is_active=True)
    )
    missed = [text for text in SUICIDE if Kind.SUICIDE not in danger_words.find_kinds(root, text)]
    missed += [text for text in DANGER if Kind.DANGER not in danger_words.find_kinds(root, text)]
    marked = [text for text in ORDINARY if danger_words.find_kinds(root, text)]
    told = len(SUICIDE) + len(DANGER)
    assert len(missed) <= (1 - FOUND) * told, missed
    assert len(marked) <= FALSE_MARKS * len(ORDINARY), marked
    tried("sentences of danger that are marked", told - len(missed))


def test_every_phrase_of_the_first_day_may_be_saved_again():
    assert DangerPhrase.objects.count() > 100
    for row in DangerPhrase.objects.all():
        row.full_clean()


def test_phrase_that_cannot_be_read_is_refused_beside_its_field():
    with pytest.raises(ValidationError) as error:
        DangerPhrase(phrase="envie …", kind=Kind.SUICIDE).full_clean()
    assert "phrase" in error.value.message_dict


def test_message_is_marked_for_the_agent_who_is_offered_the_number_and_the_procedure():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "J'ai pensé à en finir")
    make.message(conversation, "bonsoir")
    make.message(conversation, "je veux mourir, lui répondre", Author.AGENT)  # of the agent: not looked at
    html = unescape(signed_in(agent.user).get(page_of(conversation)).text)
    log = re.search(r'<div class="console-log".*?<template', html, re.DOTALL).group(0)
    assert log.count('class="console-danger"') == 1 and "Mots de suicide" in log
    assert "proposer le 3114" in log and f"#procedure-{conversation.public_id}" in log
    assert emergency_texts.SUICIDE.spoken() in log
    assert conversation.messages.filter(author=Author.SYSTEM).count() == 1  # nothing was sent by itself


def test_danger_proposes_the_procedure_and_not_the_number():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "il est devant chez moi")
    log = signed_in(agent.user).get(page_of(conversation)).text
    mark = re.search(r'<p class="console-danger".*?</p>', log, re.DOTALL).group(0)
    assert "Danger immédiat" in mark and re.search(r"data-insert=\"[^\"]*\" hidden>", mark)


def test_number_is_put_into_the_answer_without_a_script_and_not_sent():
    agent = make.agent()
    conversation = make.assigned(agent, age_band="15_17")
    html = unescape(
        signed_in(agent.user).post(page_of(conversation), {"insert": "prevention", "body": "Je suis là."}).text
    )
    area = re.search(r'<textarea[^>]*id="corps-[^>]*>(.*?)</textarea>', html, re.DOTALL).group(1)
    assert "Je suis là." in area and "t'écoute" in area
    assert conversation.messages.filter(author=Author.AGENT).count() == 0


def test_list_says_it_until_the_agent_has_answered():
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    make.message(conversation, "je veux mourir")
    assert re.search(r'data-slot="danger">Mots de suicide<', client.get(CONSOLE).text)
    assert Kind.SUICIDE in inbox.open_entries(agent, make.long_ago(0))[0].dangers
    make.message(conversation, "Je vous lis.", Author.AGENT)
    assert 'data-slot="danger" hidden>' in client.get(CONSOLE).text


def test_badge_stays_after_ordinary_words_and_a_reload_until_the_answer(django_assert_num_queries):
    agent = make.agent()
    conversation, other = make.assigned(agent), make.assigned(agent)
    make.message(conversation, "je veux mourir")
    inbox.open_entries(agent, timezone.now())  # handles are given once
    with django_assert_num_queries(1):
        inbox.open_entries(agent, timezone.now())
    for text in ("il est devant chez moi", "bonsoir", "vous êtes là ?"):
        make.message(conversation, text)
    make.message(other, "bonjour")

    def dangers():
        return {entry.conversation.pk: entry.dangers for entry in inbox.open_entries(agent, timezone.now())}

    with django_assert_num_queries(2):
        told = dangers()
    assert told == {conversation.pk: [Kind.SUICIDE, Kind.DANGER], other.pk: []}
    for _each in range(inbox.UNANSWERED_READ):
        make.message(conversation, "je suis là")
    assert dangers()[conversation.pk] == [], "so far back nobody reads, and the thread still marks it"
    make.message(conversation, "je veux mourir")
    make.message(conversation, "Je vous lis.", Author.AGENT)
    make.message(conversation, "merci")
    assert dangers()[conversation.pk] == []


def test_a_phrase_that_is_put_aside_is_looked_for_no_more():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "zut alors mince")
    client = signed_in(agent.user)
    assert "Danger immédiat" not in re.search(
        r'<div class="console-log".*?<template', client.get(page_of(conversation)).text, re.S
    ).group(0)
    row = DangerPhrase.objects.create(phrase="alors mince", kind=Kind.DANGER)
    danger.forget_phrases()
    assert danger.kinds_in("zut, alors mince") == [Kind.DANGER]
    row.is_active = False
    row.save()
    danger.forget_phrases()
    assert danger.kinds_in("zut, alors mince") == []
