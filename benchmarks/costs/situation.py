"""Who acts, on what, and how the world around them grows: long threads, many people, many lines."""

import gc
import hashlib
import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from benchmarks.costs.inputs import IN_EACH_MESSAGE
from benchmarks.siege import visits
from benchmarks.siege.visits import Browser
from chat.captures import receiving
from chat.casework import notes
from chat.conversations import resume
from chat.journal.facts import ACCOUNT_MAX, LINK_MAX, PLATFORM_MAX, WHAT_MAX, Told
from chat.models import (
    Capture,
    CaptureDrawing,
    CaptureState,
    Conversation,
    ConversationEvent,
    EventKind,
    JournalFact,
)
from chat.rules.lifecycle import Author
from chat.visitor import captures as captures_page
from common.service_settings import definitions
from pnav.pages.models import Feedback
from pnav.sessions import SessionStore
from reports.audit import log as audit_log
from reports.models import AccessKind
from tests.access import people
from tests.access.people import Cast
from tests.access.table import IN, Route
from tests.factories import chat as make

# The first of these who is allowed in does the act that is measured.
WHO = (
    people.VISITOR, people.REPORTER, people.ASSIGNED, people.SUPERVISOR, people.CUSTODIAN, people.PSYCHOLOGIST,
    people.UNIT, people.ADMINISTRATOR, people.TEMPORARY, people.WITHOUT_FACTOR, people.UNPROVED, people.NOBODY,
)  # fmt: skip


def who(route: Route) -> str:
    if people.REPORTER in route.shows:
        return people.REPORTER  # the person to whom most is shown
    return next((person for person in WHO if route.who(person) == IN), people.NOBODY)


@contextmanager
def nothing_refused() -> Iterator[None]:
    """Yield a slow hash would be all that is measured: it is held in number, apart (docs/costs.md). What limits counted
    is forgotten before each act (`drive.cost_of`). Refused frames are not told each time.
    """
    gc.collect()
    gc.freeze()  # a web process does the same (`pnav.asgi`)
    security_log = logging.getLogger("common.security_log")
    level = security_log.level
    security_log.setLevel(logging.ERROR)
    quick = partial(hashlib.sha256, usedforsecurity=False)
    with (
        patch.object(resume.hashlib, "scrypt", lambda secret, **_slow: quick(secret).digest()),
        override_settings(
            PASSWORD_HASHERS=["tests.support.hashers.QuickHasher"],
            STORAGES={
                **settings.STORAGES,
                "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
            },
            ALLOWED_HOSTS=["testserver", "localhost", "127.0.0.1"],
        ),
    ):
        try:
            yield
        finally:
            security_log.setLevel(level)  # the tests that follow in this process need it


class _Here(Browser):
    """A visit that is served in this process."""

    def __init__(self) -> None:
        super().__init__(80, "203.0.113.7")
        self.client = Client(raise_request_exception=False)

    def _once(self, method: str, path: str, body: str) -> tuple[Any, str]:
        kind = "application/x-www-form-urlencoded"
        answer = self.client.generic(method, path, body, content_type=kind, headers={"host": "localhost"})
        return SimpleNamespace(status=answer.status_code, headers=answer.headers), answer.text


def before_the_report() -> tuple[str, dict[str, str]]:
    """Return the key of a visit that has only its report to send, and a right form of it."""
    browser = _Here()
    page = visits.answer(browser, visits.ORDINARY, town="")
    # A place that is searched for by itself leads to its contacts, and files no report.
    page = browser.send(page, page.form("q", "purpose"), q=visits.TOWN, purpose="contacts")
    if "service" in page.names:  # several units serve this town
        service = page.form("service")
        browser.send(page, service, service=service.choices["service"][0])
    form = browser.get(reverse("reports:create")).form("submission_id")
    key = browser.client.cookies[settings.SESSION_COOKIE_NAME].value
    return key, {**{name: str(value) for name, value in form.fields.items()}, "name": "x", "contact": "x", "other": "x"}


def answer_before_captures(cast: Cast) -> None:
    """Record that their person has answered that what they send shows no minor."""
    visit = SessionStore(cast.keys[people.REPORTER])
    visit[captures_page.ANSWER] = {"of": str(cast.conversation.public_id), "answer": "no"}
    visit.save()


def begin_files(cast: Cast, sizes: Iterable[int]) -> list[str]:
    """Return the ids of files of these sizes, of which no slice has come."""
    files = [
        receiving.begin_capture(conversation_id=cast.conversation.pk, public_id=uuid.uuid4(), size=size, name="a.png")
        for size in sizes
    ]
    return [str(file.public_id) for file in files]


def _grow_journal(conversation: Conversation, more: int) -> None:
    """Add this many facts of the greatest length, all shown to the agent: 500 in the largest world, a journal's
    maximum.
    """
    found = JournalFact.objects.filter(conversation=conversation).aggregate(
        many=Count("pk"), last=Max("number", default=0)
    )
    told = Told("🙂" * WHAT_MAX, platform="🙂" * PLATFORM_MAX, account="🙂" * ACCOUNT_MAX, link="🙂" * LINK_MAX)
    now = timezone.now()
    facts = []
    more = min(more, definitions.FACTS_MOST.most - found["many"])
    for number in range(found["last"] + 1, found["last"] + 1 + more):
        fact = JournalFact(conversation=conversation, number=number, noted_at=now, shown_at=now)
        fact.seal(told.as_words())
        facts.append(fact)
    JournalFact.objects.bulk_create(facts)


def _grow_captures(conversation: Conversation, more: int) -> None:
    """Add this many captures that were drawn, shown and seen; an exchange has at most 50. Their bytes do not exist."""
    last = Capture.objects.filter(conversation=conversation).aggregate(last=Max("number", default=0))["last"]
    now = timezone.now()
    for number in range(last + 1, last + 1 + min(more, definitions.CAPTURES_MOST.most)):
        capture = receiving.new_capture(conversation, uuid.uuid4(), size=1, name="a.png", number=number)
        Capture.objects.filter(pk=capture.pk).update(
            state=CaptureState.DRAWN, received=1, received_at=now, shown_at=now, read_at=now
        )
        CaptureDrawing.objects.create(capture=capture, page=1, size=1, width=1, height=1)


def grow(cast: Cast, more: int) -> None:
    """Add `more` of everything that one visit or one account may leave behind.

    These are messages of emoji, facts, captures, notes, events, lines of the register, opinions, people who wait,
    agents.
    """
    conversation, agent = cast.conversation, cast.conversation.assigned_to
    assert agent is not None
    make.thread(conversation, ["🙂" * 996 + f" {IN_EACH_MESSAGE}"] * more, Author.REPORTER)
    _grow_journal(conversation, more * 5 // 4)
    _grow_captures(conversation, more // 8)
    now = timezone.now()
    ConversationEvent.objects.bulk_create(
        ConversationEvent(conversation=conversation, kind=EventKind.HELD, at=now, by=agent.user, detail="5")
        for _ in range(more)
    )
    before = now - timedelta(days=1)  # opinions of today are in no list
    Feedback.objects.bulk_create(Feedback(rating="yes", page="other", created_at=before) for _ in range(more))
    for _ in range(more // 4):
        make.waiting()
    for _ in range(more // 8):
        make.agent()
    with transaction.atomic():
        subjects = [str(conversation.public_id)] * more
        audit_log.record_many(kind=AccessKind.READING, by=agent.user, motive="essai", subjects=subjects)
    for number in range(min(more, 30)):  # three times as many notes; `notes.NOTES_AT_MOST` is 100
        notes.write_note(conversation_id=conversation.pk, body=f"note {number}", by=agent.user)
