"""Leaving in a hurry while an agent answers."""

import pytest
from django.urls import reverse

from chat.conversations import resume
from chat.rules.lifecycle import Status
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


def test_quick_exit_parks_the_conversation_and_the_code_brings_back(client, settings):
    conversation = make.assigned()
    make.message(conversation, "il arrive")
    code = resume.issue_code(conversation_id=conversation.pk).text
    key = visit(conversation)
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert "il arrive" in client.get(reverse("chat:conversation")).text
    response = client.post(reverse("pages:quit"))
    assert response.status_code == 303 and response.headers["Location"] == settings.QUICK_EXIT_URL
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == ""

    client.cookies[settings.SESSION_COOKIE_NAME] = key  # the old cookie opens nothing any more
    assert "il arrive" not in client.get(reverse("chat:conversation"), follow=True).text
    conversation.refresh_from_db()
    assert conversation.status == Status.ACTIVE
    assert "Départ rapide" in conversation.messages.last().body

    response = client.post(reverse("chat:resume"), {"code": code}, follow=True)
    assert "il arrive" in response.text
