"""Who acts, on what, and how the world around them grows: long threads, many people, many lines."""

import gc
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from chat import acts, resume
from chat.lifecycle import Author
from chat.models import ConversationEvent, EventKind
from pnav.pages.models import Feedback
from reports import register
from reports.models import AccessKind
from tests.access import people
from tests.access.people import Cast
from tests.access.table import IN, Route
from tests.factories import chat as make

# Whose act is measured: the first of these who is let in.
WHO = (
    people.VISITOR, people.REPORTER, people.ASSIGNED, people.SUPERVISOR, people.CUSTODIAN, people.PSYCHOLOGIST,
    people.UNIT, people.ADMINISTRATOR, people.TEMPORARY, people.WITHOUT_FACTOR, people.UNPROVED, people.NOBODY,
)  # fmt: skip


def who(route: Route) -> str:
    if people.REPORTER in route.shows:
        return people.REPORTER  # who has most to be shown
    return next((person for person in WHO if route.who(person) == IN), people.NOBODY)


@contextmanager
def nothing_refused() -> Iterator[None]:
    """A slow hash would be all that is measured: it is held in number, apart (docs/costs.md). What limits counted is
    forgotten before each act (`drive.cost_of`). Refused frames are not told each time.
    """
    gc.collect()
    gc.freeze()  # as a web process does: see `pnav.asgi`
    logging.getLogger("reports.events").setLevel(logging.ERROR)
    quick = partial(hashlib.sha256, usedforsecurity=False)
    with (
        patch.object(resume.hashlib, "scrypt", lambda secret, **_slow: quick(secret).digest()),
        override_settings(
            PASSWORD_HASHERS=["tests.hashers.QuickHasher"],
            STORAGES={
                "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
                "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
            },
            ALLOWED_HOSTS=["testserver", "localhost", "127.0.0.1"],
        ),
    ):
        yield


def grow(cast: Cast, more: int) -> None:
    """`more` of everything that one visit or one account may leave behind: messages of emoji, notes, events, lines of
    the register, opinions, people who wait, agents.
    """
    conversation, agent = cast.conversation, cast.conversation.assigned_to
    assert agent is not None
    make.thread(conversation, ["🙂" * 1000] * more, Author.REPORTER)
    now = timezone.now()
    ConversationEvent.objects.bulk_create(
        ConversationEvent(conversation=conversation, kind=EventKind.HELD, at=now, by=agent.user, detail="5")
        for _ in range(more)
    )
    Feedback.objects.bulk_create(Feedback(rating="yes", page="other") for _ in range(more))
    for _ in range(more // 4):
        make.waiting()
    for _ in range(more // 8):
        make.agent()
    with transaction.atomic():
        subjects = [str(conversation.public_id)] * more
        register.record_many(kind=AccessKind.READING, by=agent.user, motive="essai", subjects=subjects)
    for number in range(min(more, 30)):  # three times: `acts.NOTES_AT_MOST` is 100
        acts.write_note(conversation_id=conversation.pk, body=f"note {number}", by=agent.user)
