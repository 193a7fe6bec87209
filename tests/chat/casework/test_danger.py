"""Words of suicide and of danger as an agent sees them: measured on sentences, marked, and never acted on."""

import re
import uuid
from html import unescape
from importlib import import_module
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from chat.casework import closing, danger, emergencies
from chat.console import inbox
from chat.conversations.actions import NotYours
from chat.models import DangerMark, DangerPhrase, EventKind
from chat.rules import danger_words, emergency_texts
from chat.rules.danger_words import Kind
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from common import encryption
from common.data_keys import keys
from tests.chat.casework.danger_sentences import DANGER, ORDINARY, SUICIDE
from tests.chat.console.agents import CONSOLE, page_of, signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

# ADR 0075 has the figures of today. Somebody who changes a phrase keeps at least these.
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


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("il dit quil va me tuer", {Kind.DANGER}),
        ("il a dit qu'il allait me tuer", {Kind.DANGER}),
        ("il me dit de me tuer", {Kind.SUICIDE}),
        ("ils disent que je devrais me tuer", {Kind.SUICIDE}),
    ],
)
def test_threat_is_told_apart_from_words_of_suicide(text, kinds):
    root = danger_words.build_tree(
        (row.kind, danger_words.read_phrase(row.phrase)) for row in DangerPhrase.objects.filter(is_active=True)
    )
    assert set(danger_words.find_kinds(root, text)) == kinds


def test_every_phrase_of_the_first_day_may_be_saved_again():
    assert DangerPhrase.objects.count() > 100
    for row in DangerPhrase.objects.all():
        row.full_clean()


@pytest.mark.parametrize("name", ["0050_more_danger_phrases", "0055_threats_in_english"])
def test_way_back_of_a_migration_leaves_the_phrases_of_administrators(name):
    """It deleted one that an administrator had written before it, because theirs and ours look the same."""
    [operation] = import_module(f"chat.migrations.{name}").Migration.operations
    before = set(DangerPhrase.objects.values_list("pk", "phrase", "kind"))
    operation.code(apps, None)
    operation.reverse_code(apps, None)
    assert set(DangerPhrase.objects.values_list("pk", "phrase", "kind")) == before


def test_phrase_that_cannot_be_read_is_refused_beside_its_field():
    with pytest.raises(ValidationError) as error:
        DangerPhrase(phrase="envie …", kind=Kind.SUICIDE).full_clean()
    assert "phrase" in error.value.message_dict


def test_message_is_marked_for_the_agent_who_is_offered_the_number_and_the_procedure():
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "J'ai pensé à en finir")
    make.message(conversation, "bonsoir")
    # The agent wrote it, so it is not looked at.
    make.message(conversation, "je veux mourir, lui répondre", Author.AGENT)
    html = unescape(signed_in(agent.user).get(page_of(conversation)).text)
    log = re.search(r'<div class="console-log".*?<template', html, re.DOTALL).group(0)
    assert log.count('class="console-danger"') == 1 and "Mots de suicide" in log
    assert "proposer le 3114" in log and f"#procedure-{conversation.public_id}" in log
    assert emergency_texts.SUICIDE.spoken() in log
    assert conversation.messages.filter(author=Author.SYSTEM).count() == 1  # nothing was sent by itself


@pytest.mark.parametrize("age_band", ["", "15_17", "adult"])
def test_words_of_suicide_put_the_3114_first_among_numbers_and_among_sentences_whatever_the_age(age_band):
    agent = make.agent()
    conversation = make.assigned(agent, **({"age_band": age_band} if age_band else {}))
    client = signed_in(agent.user)
    marked = make.message(conversation, "ya un groupe snap ou ils disent que je devrais mourir")

    def proposed() -> tuple[str, list[str], list[str]]:
        html = unescape(client.get(page_of(conversation)).text)
        part = re.search(r'id="aproposer-[^"]*"\s+data-told="([^"]*)"(.*?)</div>', html, re.DOTALL)
        row = re.search(r'<div class="console-say-row".*?</div>', html, re.DOTALL).group(0)
        numbers = re.findall(r"<strong>([^<]*)</strong>", part.group(2))
        return part.group(1), numbers, re.findall(r'name="insert"\s+value="([^"]*)"', row)

    told, numbers, sentences = proposed()
    assert told == "Mots de suicide" and numbers[0] == "3114" and sentences[:2] == ["safety", "prevention"]
    assert len(sentences) == 3
    make.message(conversation, emergency_texts.SUICIDE.spoken(familiar=age_band == "15_17"), Author.AGENT)
    assert proposed()[2] == ["safety", sentences[2], "prevention"], "what was sent is the last"
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    assert proposed()[2][-1] == "prevention", "it comes after the steps"
    dealt(client, conversation, marked.seq)
    told, numbers, sentences = proposed()
    assert told == "" and "3114" not in numbers and "prevention" not in sentences


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


def dealt(client, conversation, seq):
    return client.post(f"{page_of(conversation)}mots-de-danger/", {"seq": seq}, follow=True)


def test_mark_stays_after_an_answer_until_the_agent_says_that_it_is_dealt_with():
    """« Tu n'as rien fait de mal. » took the mark of suicide from the list."""
    agent = make.agent()
    conversation = make.assigned(agent)
    client = signed_in(agent.user)
    marked = make.message(conversation, "je veux mourir")
    assert re.search(r'data-slot="danger">Mots de suicide<', client.get(CONSOLE).text)
    assert Kind.SUICIDE in inbox.open_entries(agent, make.long_ago(0))[0].dangers
    make.message(conversation, "Tu n'as rien fait de mal.", Author.AGENT)
    make.message(conversation, "merci")
    for address in (CONSOLE, CONSOLE + "?partie=liste", page_of(conversation)):
        assert re.search(r'data-slot="danger">Mots de suicide<', client.get(address).text)
    page = unescape(client.get(page_of(conversation)).text)
    assert (
        re.search(rf'name="seq" value="{marked.seq}" data-slot="danger-seq"', page) and "C'est pris en compte" in page
    )
    assert "Pris en compte" in unescape(dealt(client, conversation, marked.seq).text)
    page = client.get(page_of(conversation)).text
    assert 'data-slot="danger" hidden>' in page and 'data-slot="danger-sign" hidden>' in page
    assert "Mots de suicide ou de danger : pris en compte" in unescape(page), "the history says who dealt with it"
    assert 'class="console-danger"' in page, "the message itself stays marked"
    again = unescape(dealt(client, conversation, marked.seq).text)
    assert "il n'y avait pas de marque" in again
    assert conversation.events.filter(kind=EventKind.DANGER_DEALT).count() == 1


def test_what_comes_after_the_page_was_drawn_is_not_dealt_with_unread():
    agent = make.agent()
    conversation, other = make.assigned(agent), make.assigned(agent)
    first = make.message(conversation, "je veux mourir")
    make.message(other, "je veux mourir")
    inbox.open_entries(agent, timezone.now())
    make.message(conversation, "il est devant chez moi")
    client = signed_in(agent.user)
    client.get(CONSOLE + "?partie=liste")  # the list has stored the mark of the second
    page = unescape(dealt(client, conversation, first.seq).text)
    assert "Ce que la personne a écrit depuis reste marqué" in page and "s'en va de la liste" not in page
    told = {entry.conversation.pk: entry.dangers for entry in inbox.open_entries(agent, timezone.now())}
    assert told == {conversation.pk: [Kind.DANGER], other.pk: [Kind.SUICIDE]}


def test_nobody_else_deals_with_it_and_nothing_once_it_has_ended():
    agent, other = make.agent(), make.agent()
    conversation = make.assigned(agent)
    marked = make.message(conversation, "je veux mourir")
    inbox.open_entries(agent, timezone.now())
    with pytest.raises(NotYours):
        danger.deal_with(conversation_id=conversation.pk, seq=marked.seq, by=other.user)
    closing.close_conversation(conversation_id=conversation.pk, outcome="advised", by=agent.user, points={})
    assert "L'échange est terminé" in unescape(dealt(signed_in(agent.user), conversation, marked.seq).text)
    assert DangerMark.objects.get().dealt_seq == 0


def test_marked_line_comes_before_one_that_waits_longer():
    agent = make.agent()
    first, second = make.assigned(agent), make.assigned(agent)
    make.message(first, "bonsoir")
    make.message(second, "je veux mourir")
    assert [one.conversation.pk for one in inbox.open_entries(agent, timezone.now())] == [second.pk, first.pk]
    make.message(second, "Je vous lis.", Author.AGENT)  # answered, and its words of danger are not dealt with
    assert [one.conversation.pk for one in inbox.open_entries(agent, timezone.now())] == [second.pk, first.pk]


def test_words_that_crossed_an_answer_are_marked_although_no_list_was_read_before_it(django_assert_num_queries):
    """Written while the agent wrote: the answer came before the page had read the list, and said nothing of them."""
    agent = make.agent()
    conversation = make.assigned(agent)
    marked = make.message(conversation, "je veux mourir")
    for text in ("Je regarde.", "Un instant."):
        make.message(conversation, text, Author.AGENT)
    assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]
    assert DangerMark.objects.get().seqs == [marked.seq]
    with django_assert_num_queries(2):
        inbox.open_entries(agent, timezone.now())
    assert danger.deal_with(conversation_id=conversation.pk, seq=marked.seq, by=agent.user) == 0, "none stays marked"
    assert inbox.open_entries(agent, timezone.now())[0].dangers == []


def test_words_that_were_answered_are_marked_although_the_person_wrote_on():
    agent = make.agent()
    conversation = make.assigned(agent)
    marked = make.message(conversation, "je veux mourir")
    make.thread(conversation, ["bonsoir"] * 8)
    make.message(conversation, "Je regarde.", Author.AGENT)
    make.thread(conversation, ["vous êtes là ?"] * 8)
    assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]
    assert DangerMark.objects.get().seqs == [marked.seq]


@pytest.mark.parametrize(("later", "dangers"), [(0, [Kind.SUICIDE]), (1, [])])
@pytest.mark.parametrize("is_answered", [False, True])
def test_the_last_messages_are_read_and_no_earlier_one(later, dangers, is_answered):
    """Of an exchange that this process sees for the first time."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "je veux mourir")
    make.thread(conversation, ["bonsoir"] * (inbox.DANGER_READ - 2 + later))
    make.message(conversation, "Bonsoir.", Author.AGENT if is_answered else Author.REPORTER)
    assert inbox.open_entries(agent, timezone.now())[0].dangers == dangers
    assert DangerMark.objects.exists() is bool(dangers)


def test_what_was_looked_at_is_not_read_again(django_assert_num_queries, django_capture_on_commit_callbacks):
    """Ten answered exchanges cost one query each time that the list is read, and what is new is read all the same."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.thread(conversation, ["bonsoir", "vous êtes là ?"])
    make.message(conversation, "Bonsoir.", Author.AGENT)
    inbox.open_entries(agent, timezone.now())  # handles are given once
    with django_capture_on_commit_callbacks(execute=True), django_assert_num_queries(2):
        inbox.open_entries(agent, timezone.now())
    with django_assert_num_queries(1):
        assert inbox.open_entries(agent, timezone.now())[0].dangers == []
    # Both came after the last look, and one of them crossed the answer. Neither is skipped.
    marked = make.message(conversation, "je veux mourir")
    make.message(conversation, "Je regarde.", Author.AGENT)
    with django_capture_on_commit_callbacks(execute=True):
        assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]
    assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE], "the mark is kept"
    assert DangerMark.objects.get().seqs == [marked.seq]


@pytest.mark.parametrize("is_answered", [False, True])
def test_what_could_not_be_opened_is_looked_at_again(monkeypatch, django_capture_on_commit_callbacks, is_answered):
    """The server of the keys was away while the list was read: a message that nobody could read tells of nothing."""
    agent = make.agent()
    conversation = make.assigned(agent)
    marked = make.message(conversation, "je veux mourir")
    if is_answered:
        make.message(conversation, "Je regarde.", Author.AGENT)
    with monkeypatch.context() as away, django_capture_on_commit_callbacks(execute=True):
        away.setattr(encryption, "unseal", Mock(side_effect=keys.KeysAway("away")))
        assert inbox.open_entries(agent, timezone.now())[0].dangers == []
    if not is_answered:  # otherwise the last message is not the person's any more
        make.message(conversation, "Je regarde.", Author.AGENT)
    with django_capture_on_commit_callbacks(execute=True):
        assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]
    assert DangerMark.objects.get().seqs == [marked.seq]
    assert danger.looked.known(danger.phrases_as_json())[conversation.public_id] == marked.seq + 1


@pytest.mark.parametrize("is_answered", [False, True])
def test_kept_mark_stays_while_the_keys_are_away(monkeypatch, django_capture_on_commit_callbacks, is_answered):
    """The exchange lost its badge, its sign, its rank and « C'est pris en compte » for the whole outage."""
    agent = make.agent()
    conversation, calm = make.assigned(agent), make.assigned(agent)
    marked = make.message(conversation, "je veux mourir")
    make.message(calm, "bonsoir")
    if is_answered:
        make.message(conversation, "Je regarde.", Author.AGENT)
    with django_capture_on_commit_callbacks(execute=True):
        inbox.open_entries(agent, timezone.now())
    with monkeypatch.context() as away:
        away.setattr(encryption, "unseal", Mock(side_effect=keys.KeysAway("away")))
        entries = {entry.conversation.pk: entry for entry in inbox.open_entries(agent, timezone.now())}
        entry = entries[conversation.pk]
        assert (entry.dangers, entry.danger_seq) == ([Kind.DANGER], marked.seq)
        assert entries[calm.pk].dangers == [], "nothing was marked there"
        assert danger.deal_with(conversation_id=conversation.pk, seq=entry.danger_seq, by=agent.user) == 0
        assert not any(entry.dangers for entry in inbox.open_entries(agent, timezone.now()))


def test_what_another_reading_looks_at_meanwhile_is_not_skipped(monkeypatch, django_capture_on_commit_callbacks):
    """Two readings at once: what the second has looked at, and marked, had no marks in the rows of the first."""
    agent = make.agent()
    conversation = make.assigned(agent)
    inbox.open_entries(agent, timezone.now())  # handles are given once
    make.message(conversation, "je veux mourir")
    make.message(conversation, "Je regarde.", Author.AGENT)
    statement = inbox._OPEN

    def read(**values):
        rows = statement.read(**values)
        monkeypatch.setattr(inbox, "_OPEN", statement)
        with django_capture_on_commit_callbacks(execute=True):
            assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]
        return rows

    monkeypatch.setattr(inbox, "_OPEN", Mock(read=read))
    assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]
    assert inbox._OPEN is statement, "the other reading was made"


def test_other_phrases_have_everything_looked_at_again(django_capture_on_commit_callbacks):
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "zut alors mince")
    make.message(conversation, "Bonsoir.", Author.AGENT)
    with django_capture_on_commit_callbacks(execute=True):
        assert inbox.open_entries(agent, timezone.now())[0].dangers == []
    DangerPhrase.objects.create(phrase="alors mince", kind=Kind.DANGER)
    danger.forget_phrases()
    assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.DANGER]


def test_what_is_rolled_back_is_looked_at_again():
    """Nothing is remembered of marks that nobody kept: here, before the transaction of the test has ended."""
    agent = make.agent()
    conversation = make.assigned(agent)
    make.message(conversation, "je veux mourir")
    make.message(conversation, "Bonsoir.", Author.AGENT)
    with transaction.atomic():
        inbox.open_entries(agent, timezone.now())
        transaction.set_rollback(True)
    assert not DangerMark.objects.exists()
    assert inbox.open_entries(agent, timezone.now())[0].dangers == [Kind.SUICIDE]


def test_a_process_remembers_no_more_than_its_bound():
    looked = danger.Looked(at_most=2)
    first, second, third = (uuid.uuid4() for _each in range(3))
    looked.note({first: 3, second: 5}, "phrases")
    known = looked.known("phrases")
    assert known == {first: 3, second: 5} and looked.known("others") == {}
    looked.note({third: 7}, "phrases")
    assert looked.known("phrases") == {third: 7} and known == {first: 3, second: 5}, "what was known stays as it was"
    looked.note({third: 4}, "phrases")
    assert looked.known("phrases") == {third: 7}, "an older reading that ends later takes nothing back"


def test_mark_costs_one_query_more_and_is_kept_however_much_follows(
    django_assert_num_queries, django_capture_on_commit_callbacks
):
    agent = make.agent()
    conversation, other = make.assigned(agent), make.assigned(agent)
    make.message(conversation, "je veux mourir")
    with django_capture_on_commit_callbacks(execute=True):
        inbox.open_entries(agent, timezone.now())  # handles are given, and marks stored, once
    with django_assert_num_queries(1):
        inbox.open_entries(agent, timezone.now())
    for text in ("il est devant chez moi", "bonsoir", "vous êtes là ?"):
        make.message(conversation, text)
    make.message(other, "bonjour")

    def dangers():
        return {entry.conversation.pk: entry.dangers for entry in inbox.open_entries(agent, timezone.now())}

    assert dangers() == {conversation.pk: [Kind.SUICIDE, Kind.DANGER], other.pk: []}
    with django_assert_num_queries(2):
        dangers()
    for _each in range(inbox.DANGER_READ):
        make.message(conversation, "je suis là")
    assert dangers()[conversation.pk] == [Kind.SUICIDE, Kind.DANGER]
    assert DangerMark.objects.get().pk == conversation.pk, "nothing is kept of who told nothing"


def test_no_more_marks_are_kept_than_are_read():
    agent = make.agent()
    conversation = make.assigned(agent)
    for _each in range(danger.MARKS_AT_MOST + 3):
        last = make.message(conversation, "je veux mourir")
    inbox.open_entries(agent, timezone.now())
    seqs = DangerMark.objects.get().seqs
    assert len(seqs) == danger.MARKS_AT_MOST and seqs == sorted(seqs) and seqs[-1] == last.seq
    assert danger.deal_with(conversation_id=conversation.pk, seq=2**31 - 1, by=agent.user) == 0
    assert DangerMark.objects.get().dealt_seq == last.seq, "what will be written is not dealt with"


@pytest.mark.parametrize("is_read_each_time", [False, True])
def test_suicide_stays_marked_beside_more_danger_than_is_kept(
    django_assert_num_queries, django_capture_on_commit_callbacks, is_read_each_time
):
    """Of ten marked messages eight are kept: the first one, which alone tells of suicide, is one of them."""

    def dangers():
        with django_capture_on_commit_callbacks(execute=True):
            return inbox.open_entries(agent, timezone.now())[0].dangers

    agent = make.agent()
    conversation = make.assigned(agent)
    first = make.message(conversation, "je veux mourir")
    for _each in range(danger.MARKS_AT_MOST + 1):
        if is_read_each_time:
            dangers()
        last = make.message(conversation, "il est devant chez moi")
    assert dangers() == [Kind.SUICIDE, Kind.DANGER]
    with django_assert_num_queries(2):
        assert dangers() == [Kind.SUICIDE, Kind.DANGER]
    assert DangerMark.objects.get().seqs == [first.seq, *range(last.seq - danger.MARKS_AT_MOST + 2, last.seq + 1)]
    make.message(conversation, "Je regarde.", Author.AGENT)
    assert dangers() == [Kind.SUICIDE, Kind.DANGER]
    assert danger.deal_with(conversation_id=conversation.pk, seq=last.seq, by=agent.user) == 0
    assert dangers() == []


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


def test_version_that_knows_no_marks_can_delete_an_exchange_that_has_one():
    """It deletes what it knows of an exchange, then the exchange: an erasure that was granted, and retention."""
    conversation = make.waiting()
    danger.keep_marks({conversation.pk: {1: [Kind.SUICIDE]}})
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM chat_conversation WHERE id = %s", [conversation.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not DangerMark.objects.exists()
