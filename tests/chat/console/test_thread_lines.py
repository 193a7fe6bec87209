"""The messages of an exchange, the sheet's elements and the queue, which the console draws with prepared pieces."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.casework import danger
from chat.casework.one_press import Voice
from chat.console import casework_panels, inbox
from chat.conversations import waiting_list
from chat.messages import transcript
from chat.models import Message
from chat.rules.danger_words import Kind
from chat.rules.lifecycle import Author
from chat.templatetags import queue_rows, replies, thread_lines
from common import dates
from tests.chat.console.agents import page_of, signed_in
from tests.factories import chat as make
from tests.support.reading import squeezed
from triage.rules import Urgency

pytestmark = pytest.mark.django_db


def lines(conversation, **given) -> list[str]:
    conversation.refresh_from_db()
    piece = transcript.read_messages(conversation)
    given = {"read_seq": conversation.reporter_read_seq, "now": timezone.now(), **given}
    html = squeezed(thread_lines.console_lines(piece, **given))
    return html.split('<div class="console-message"')[1:]


def test_message_says_who_when_and_whether_it_was_read():
    conversation = make.assigned()
    make.message(conversation, "Bonjour <b>", Author.REPORTER)
    make.message(conversation, "Je vous lis.", Author.AGENT)
    last = make.message(conversation, "Et après ?", Author.AGENT).seq
    before = timezone.now() - timedelta(days=40)
    Message.objects.filter(seq=last - 1).update(sent_at=before)
    person, read, unread = lines(conversation, read_seq=last - 1)[-3:]
    assert 'data-author="reporter"' in person and "Bonjour &lt;b&gt;" in person and "Envoyé" not in person
    assert "Agent" in read and "Lu" in read and "Envoyé" in unread and "Lu" not in unread
    local = timezone.localtime(before)
    assert f'datetime="{local.isoformat()}">{dates.format_date(local, "j N")}, {local:%H:%M}</time>' in read
    assert re.search(r'datetime="[^"]+">\d\d:\d\d</time>', unread)


def test_words_of_danger_stand_under_the_message_of_a_person_alone():
    conversation = make.assigned()
    make.message(conversation, "Je veux mourir.", Author.REPORTER)
    make.message(conversation, "Vous voulez mourir ?", Author.AGENT)
    person, agent = lines(conversation, key="cle", prevention="Appelez <le 3114>", prevention_number="3114")[-2:]
    assert str(Kind.SUICIDE.label) in person and 'form="reponse-cle"' in person and "proposer le 3114" in person
    assert 'data-insert="Appelez &lt;le 3114&gt;"' in person and "data-danger" not in agent
    assert "button" not in lines(conversation)[-2] and str(Kind.SUICIDE.label) in lines(conversation)[-2]


def test_thread_that_was_read_answers_whether_danger_is_told(django_assert_num_queries):
    conversation = make.assigned()
    make.message(conversation, "Je veux mourir.", Author.REPORTER)
    make.thread(conversation, ["Voilà."] * (danger.MESSAGES_READ - 1))
    for told in (True, False):
        conversation.refresh_from_db()
        piece = transcript.read_messages(conversation)
        dangers = danger.read_thread(piece)
        with django_assert_num_queries(0):
            assert danger.is_told_in(conversation, piece, dangers) is told
        assert danger.is_told_in(conversation) is told
        with django_assert_num_queries(1):  # a few messages do not say how many statements a long thread needs
            assert danger.is_told_in(conversation, piece[-3:], danger.read_thread(piece[-3:])) is told
        make.message(conversation, "Et voilà.", Author.REPORTER)


@pytest.mark.parametrize("value", ["", "yes", "no", "<i>"])
def test_element_is_what_its_template_draws(value):
    sheet = casework_panels.sheet_panel(make.assigned())
    rows = [casework_panels.ElementRow(row.name, row.label, value, None) for row in sheet.rows]
    voice = Voice(familiar=True, language="en")
    for key in ("une", "deux"):
        drawn = [get_template("console/_element.html").render({"row": row, "key": key, "voice": voice}) for row in rows]
        assert replies.sheet_elements(rows, key, voice) == "".join(drawn)


def test_person_in_the_queue_is_drawn_as_they_are():
    make.waiting(urgency=Urgency.CRITICAL, is_crowded=True)
    make.waiting(force="")
    rows = inbox.queue_rows(waiting_list.read_waiting(), timezone.now())
    first, other = squeezed(queue_rows.waiting_rows(rows)).split("<li ")[1:]
    assert 'data-urgency="critical" data-whereabouts="here"' in first and 'data-slot="crowded">' in first
    assert 'data-urgency="normal"' in other and 'data-slot="crowded" hidden' in other
    assert str(rows[0].person.force.label) in first and rows[0].person.place in first
    for row, drawn in zip(rows, (first, other), strict=True):
        assert f'datetime="{timezone.localtime(row.person.since).isoformat()}">' in drawn


def statements_of(client, address: str) -> int:
    """Return how many statements this page takes. One that is read again every few seconds may come on top."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_page_asks_the_database_the_same_for_a_long_thread():
    conversation = make.assigned()
    make.thread(conversation, ["Voilà."] * 3)
    client = signed_in(conversation.assigned_to.user)
    counts = []
    for _more in range(2):
        client.get(page_of(conversation))  # this reads what a process reads only once
        counts.append(min(statements_of(client, page_of(conversation)) for _try in range(2)))
        make.thread(conversation, ["Voilà."] * 60)
    assert counts[0] == counts[1]
