"""There is only one way where there were several. This reads the whole code, so that a second way fails as soon as it
is written.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from chat.console import inbox
from chat.conversations import waiting_list
from chat.messages import protocol
from chat.models import ConversationEvent, EventKind
from locations.models import Force
from reports.models import ReporterRole
from tests.factories import chat as make
from triage.rules import Urgency

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("chat", "reports", "triage", "locations", "pnav", "common")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call in the code that serves people, with its module."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and "demo" not in path.parts:
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, ast.Call):
                        yield str(path.relative_to(ROOT)), node


# --- the history ------------------------------------------------------------------------------------------------------


def makes_an_event(call: ast.Call) -> bool:
    """Return whether it is `ConversationEvent(…)`, `ConversationEvent.objects.create(…)`, `….events.create(…)` or
    alike.
    """
    match call.func:
        case ast.Name(id="ConversationEvent"):
            return True
        case ast.Attribute(attr=verb, value=ast.Attribute(attr="objects", value=ast.Name(id="ConversationEvent"))):
            return verb in {"create", "get_or_create", "update_or_create"}
        case ast.Attribute(attr=verb, value=ast.Attribute(attr="events")):
            return verb in {"create", "get_or_create", "update_or_create", "add"}
    return False


def test_row_of_the_history_is_made_in_one_place():
    assert {module for module, call in calls() if makes_an_event(call)} == {"chat/models/conversation.py"}


@pytest.mark.django_db
def test_event_is_written_with_who_did_it_and_nothing_else():
    agent, conversation = make.agent(), make.waiting()
    now = timezone.now()
    conversation.record_event(EventKind.WEIGHT, at=now, by=agent.user, detail="1 → 2")
    conversation.record_event(EventKind.PARKED, at=now)
    rows = (
        ConversationEvent.objects.filter(conversation=conversation).order_by("pk").values_list("kind", "by", "detail")
    )
    assert list(rows)[-2:] == [("weight", agent.user_id, "1 → 2"), ("parked", None, "")]


@pytest.mark.django_db
def test_new_event_is_not_written_by_itself():
    conversation = make.waiting()
    before = ConversationEvent.objects.count()
    conversation.new_event(EventKind.ABANDONED, at=timezone.now())
    assert ConversationEvent.objects.count() == before


# --- the queue --------------------------------------------------------------------------------------------------------


def test_no_page_reads_a_frame_back():
    """What a page needs is read as values: nothing that serves people parses an instant of the protocol."""
    parsers = {"fromisoformat", "strptime", "parse_datetime"}
    readers = {module for module, call in calls() if isinstance(call.func, ast.Attribute) and call.func.attr in parsers}
    pages = {module for module in readers if module.startswith(("chat/console", "chat/conversations"))}
    assert pages == {"chat/console/retention.py"}, "there a form brings back which freeze was read"


@pytest.mark.django_db
def test_frame_and_page_are_made_from_the_same_rows():
    first = make.waiting(urgency=Urgency.CRITICAL, is_crowded=True)
    make.waiting(force="")
    now = timezone.now()
    queue = waiting_list.read_waiting()
    frame, rows = queue.frame(is_closed=False), inbox.queue_rows(queue, now)
    assert (frame["waiting"], len(rows)) == (2, 2)
    for item, row in zip(frame["items"], rows, strict=True):
        person = row.person
        assert item == {
            "conversation": str(person.conversation),
            "since": protocol.instant(person.since),
            "urgency": person.urgency_name,
            "urgency_label": str(person.urgency.label),
            "force": person.force,
            "place": person.place,
            "minor": person.is_minor,
            "role": person.role,
            "crowded": person.is_crowded,
            "marked": False,
            "emergency": False,
            "whereabouts": "here",
            "seen_at": None,
        }
        assert isinstance(person.role, ReporterRole) and (person.force is None or isinstance(person.force, Force))
    assert (rows[0].person.conversation, rows[0].person.since) == (first.public_id, first.queued_at)
    assert rows[1].person.force is None and rows[0].waited.endswith("min")


@pytest.mark.django_db
def test_reading_who_waits_costs_the_same_however_many_they_are(django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(waiting_list, "MOST_SHOWN", 5)
    for number in range(12):
        make.waiting(is_crowded=number % 2 == 0)
    with django_assert_max_num_queries(8):
        queue = waiting_list.read_waiting()
    assert (queue.total, len(queue.people)) == (12, 5)
