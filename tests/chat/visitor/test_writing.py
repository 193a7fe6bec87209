"""Messages sent with the form, and frames over HTTP."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from chat.conversations import actions
from chat.conversations.actions import Mark
from chat.messages import protocol
from chat.models import Conversation, Message
from chat.rules import message_limits
from chat.rules.lifecycle import Author
from chat.visitor import conversation as visitor_conversation
from common import rate_limits
from reports import closures
from reports.models import ChatClosure, ClosureReason
from tests.chat.visitor.visits import PAGE, exchange, send, shown
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- messages by the form ---------------------------------------------------------------------------------------------


def test_post_message_comes_back_to_the_end_of_the_thread(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    response = send(client, "  J'ai peur.\r\nIl sait où j'habite.  ")
    assert response.status_code == 302 and response.url == PAGE + "#fin"
    message = conversation.messages.get()
    assert (message.author, message.body) == (Author.REPORTER, "J'ai peur.\nIl sait où j'habite.")


def test_post_message_twice_with_one_client_id_adds_one(as_reporter):
    conversation = make.waiting()
    client, client_id = as_reporter(conversation), uuid.uuid4()
    assert send(client, "Bonjour", client_id).status_code == send(client, "Bonjour", client_id).status_code == 302
    assert conversation.messages.count() == 1


def test_post_another_message_in_a_form_brought_back_by_the_browser_loses_nothing(as_reporter):
    conversation = make.waiting()
    client, client_id = as_reporter(conversation), uuid.uuid4()
    send(client, "Bonjour", client_id)
    send(client, "Autre chose", client_id)
    assert [message.body for message in conversation.messages.all()] == ["Bonjour", "Autre chose"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("   ", "Le message est vide."),
        ("a" * 4001, "Le message est trop long : 4 000 caractères au plus."),
        ("a\x00b", "Le message contient un caractère qui ne peut pas être gardé."),
    ],
)
def test_post_message_refused_keeps_the_text_and_says_why_beside_it(as_reporter, body, words):
    conversation = make.waiting()
    client_id = uuid.uuid4()
    response = send(as_reporter(conversation), body, client_id)
    page = shown(response)
    assert response.status_code == 200
    assert "<title>Erreur :" in page
    error = page[page.index('id="body-error"') :]
    assert words in error[: error.index("</p>")]
    assert 'aria-invalid="true" autofocus' in page
    assert f">\n{body}</textarea>" in page.replace("\ufffd", "\x00")
    assert str(client_id) in page
    assert conversation.messages.count() == 0


def test_post_message_of_4000_lines_ends_counts_each_once(as_reporter):
    conversation = make.waiting()
    body = "a" + "\r\n" * 3998 + "b"  # a form sends two characters for each end of line
    assert send(as_reporter(conversation), body).status_code == 302
    assert len(conversation.messages.get().body) == 4000


def test_post_message_without_client_id_is_not_sent_and_not_lost(as_reporter):
    conversation = make.waiting()
    page = shown(as_reporter(conversation).post(reverse("chat:message"), {"client_id": "x", "body": "Bonjour"}))
    assert "Le message n'est pas parti." in page and "Bonjour</textarea>" in page
    assert conversation.messages.count() == 0


def test_post_message_without_conversation_leads_to_the_ways_in(client):
    assert send(client, "Bonjour").url == PAGE


def test_post_message_needs_the_token_of_the_page(as_reporter):
    conversation = make.waiting()
    assert send(as_reporter(conversation, enforce_csrf_checks=True), "Bonjour").status_code == 403
    assert conversation.messages.count() == 0


def test_post_too_many_messages_at_once_keeps_the_last_text(as_reporter):
    conversation = make.waiting()
    client = as_reporter(conversation)
    for number in range(message_limits.UNANSWERED.at_once):
        assert send(client, f"message {number}").status_code == 302
    # As if all had come at one moment: on a busy machine they take longer than the 3 s after which one more may come.
    Conversation.objects.filter(pk=conversation.pk).update(reporter_due_at=timezone.now() + timedelta(hours=1))
    page = shown(send(client, "un de plus"))
    assert "Trop de messages à la suite." in page and "un de plus</textarea>" in page
    assert conversation.messages.count() == message_limits.UNANSWERED.at_once
    answer = exchange(client, {"type": "post", "client_id": str(uuid.uuid4()), "body": "par la page"}).json()
    assert answer["frames"][0]["code"] == "rate_limited", "one measure for all ways"


def test_post_to_a_full_exchange_says_what_to_do_and_keeps_the_text(as_reporter):
    conversation = make.waiting()
    Conversation.objects.filter(pk=conversation.pk).update(characters=message_limits.REPORTER.characters)
    client = as_reporter(conversation)
    page = shown(send(client, "un de plus"))
    assert "taille maximale" in page and "commencez-en un autre" in page and "un de plus</textarea>" in page
    [answer] = exchange(client, {"type": "post", "client_id": str(uuid.uuid4()), "body": "par la page"}).json()[
        "frames"
    ]
    assert (answer["code"], answer["why"]) == ("closed", "full")
    assert conversation.messages.count() == 0


def test_frames_sync_answers_messages_then_state(as_reporter):
    conversation = make.assigned(make.agent(public_name="Camille"))
    make.message(conversation, "Bonjour")
    response = exchange(as_reporter(conversation), {"type": "sync", "after": 0})
    messages, state = response.json()["frames"]
    assert response.headers["Cache-Control"] == "no-store"
    assert [item["seq"] for item in messages["items"]] == [1, 2]
    assert (state["type"], state["status"], state["interlocutor"]) == ("state", "active", "Camille, police nationale")
    assert state["read_seq"] == 0


def test_frames_state_says_how_far_the_agent_has_read(as_reporter):
    conversation = make.assigned()
    message = make.message(conversation, "Bonjour")
    actions.mark_read([Mark(conversation.pk, Author.AGENT, message.seq)])
    _messages, state = exchange(as_reporter(conversation), {"type": "sync", "after": 0}).json()["frames"]
    assert state["read_seq"] == message.seq


def test_frames_state_says_to_who_waits_whether_the_chat_is_closed(as_reporter):
    client, answered = as_reporter(make.waiting()), []
    closure = ChatClosure.objects.create(reason=ClosureReason.INCIDENT, starts_at=timezone.now())
    for reopened_at in (None, timezone.now()):
        ChatClosure.objects.filter(pk=closure.pk).update(reopened_at=reopened_at)
        closures.forget()
        *_messages, state = exchange(client, {"type": "sync", "after": 0}).json()["frames"]
        answered.append(state["closed"])
    assert answered == [True, False]
    *_messages, state = exchange(as_reporter(make.assigned()), {"type": "sync", "after": 0}).json()["frames"]
    assert "closed" not in state


def test_frames_post_twice_is_one_message_acknowledged_twice(as_reporter):
    conversation = make.waiting()
    client, client_id = as_reporter(conversation), str(uuid.uuid4())
    frame = {"type": "post", "client_id": client_id, "body": "Bonjour"}
    for _time in range(2):
        (answer,) = exchange(client, frame).json()["frames"]
        assert answer["items"][0]["client_id"] == client_id
    assert conversation.messages.count() == 1


def test_frames_of_another_conversation_are_refused(as_reporter):
    own, other = make.waiting(), make.waiting()
    client_id = str(uuid.uuid4())
    frame = {"type": "post", "conversation": str(other.public_id), "client_id": client_id, "body": "Bonjour"}
    (answer,) = exchange(as_reporter(own), frame).json()["frames"]
    assert (answer["type"], answer["code"], answer["client_id"]) == ("error", protocol.FORBIDDEN, client_id)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("not json", protocol.BAD_FRAME),
        ("[]", protocol.BAD_FRAME),
        ({"type": "unknown"}, protocol.BAD_FRAME),
        ({"type": "post", "client_id": "0" * 36, "body": "x"}, protocol.BAD_FRAME),
        ({"type": "post", "client_id": str(uuid.uuid4()), "body": " "}, protocol.EMPTY),
        ({"type": "post", "client_id": str(uuid.uuid4()), "body": "a" * 4001}, protocol.TOO_LONG),
    ],
)
def test_frames_that_are_bad_get_one_error_and_write_nothing(as_reporter, frame, code):
    response = exchange(as_reporter(make.waiting()), frame)
    (answer,) = response.json()["frames"]
    assert (response.status_code, answer["type"], answer["code"]) == (200, "error", code)
    assert not Message.objects.exists()


def test_frames_post_in_a_closed_conversation_is_refused(as_reporter):
    frame = {"type": "post", "client_id": str(uuid.uuid4()), "body": "Bonjour"}
    (answer,) = exchange(as_reporter(make.closed()), frame).json()["frames"]
    assert answer["code"] == protocol.CLOSED


def test_frames_without_conversation_are_401(client):
    response = exchange(client, {"type": "beat"})
    assert response.status_code == 401 and response.json() == {"error": "no_session"}


def test_frames_need_the_token_of_the_page(as_reporter):
    client = as_reporter(make.waiting(), enforce_csrf_checks=True)
    assert exchange(client, {"type": "beat"}).status_code == 403
    page = client.get(PAGE).text
    token = page[page.index('data-csrf="') + 11 :].split('"')[0]
    assert exchange(client, {"type": "beat"}, headers={"X-CSRFToken": token}).status_code == 200


def test_frames_too_many_at_once_are_to_be_sent_again(as_reporter, monkeypatch):
    monkeypatch.setattr(rate_limits.time, "time", lambda: 3_000_000_000.0)
    client = as_reporter(make.waiting())
    for _time in range(visitor_conversation.FRAMES):
        exchange(client, {"type": "typing"})
    client_id = str(uuid.uuid4())
    (answer,) = exchange(client, {"type": "post", "client_id": client_id, "body": "x"}).json()["frames"]
    assert (answer["code"], answer["client_id"]) == (protocol.RATE_LIMITED, client_id)
    assert not Message.objects.exists()
