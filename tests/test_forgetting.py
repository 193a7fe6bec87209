"""What browser tests leave is removed at once, and the same rows are gone as by Django's own deletion."""

import threading
import time

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from chat.models import Agent, ArrivalGroup, Conversation, FactSheet, Message
from tests.access.people import create_cast
from tests.browser.forgetting import forget

pytestmark = pytest.mark.django_db


def every_row() -> dict[str, list[str]]:
    """Return the rows of each table, as text."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1')  # noqa: S608  our own tables
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


@pytest.mark.parametrize("models", [(Conversation,), (Conversation, Agent)])
def test_all_that_django_deletes_with_it_is_gone_and_nothing_else(models: tuple[type[Model], ...]):
    cast = create_cast()
    now = timezone.now()
    chief = cast.conversation.assigned_to
    ArrivalGroup.objects.create(look="a", place="Ici", first_at=now, last_at=now, taken_by=chief, taken_at=now)
    before = every_row()
    with transaction.atomic():
        for model in models:
            model._default_manager.all().delete()
        by_django = every_row()
        transaction.set_rollback(True)
    forget(*models)
    assert every_row() == by_django
    gone = [table for table, rows in before.items() if rows and not by_django[table]]
    assert len(gone) >= 8, "the situation has little to delete"


def test_all_or_nothing():
    create_cast()
    before = every_row()

    def fail() -> None:
        assert not Message.objects.exists()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        forget(Conversation, then=fail)
    assert every_row() == before


@pytest.mark.parametrize("late", [0, 2], ids=["at once", "after PostgreSQL has looked for a deadlock"])
@pytest.mark.django_db(transaction=True)
def test_site_that_locks_the_same_rows_in_another_order_is_let_finish(late):
    """A sheet that was saved as its page closed held its conversation and asked for its sheet: PostgreSQL cancelled
    the deletion, which holds the sheet and asks for the conversation, and a whole run failed for it. Two seconds late,
    as on a busy machine, the deletion waited until its statement was too long."""
    conversation = create_cast().conversation
    FactSheet.objects.get_or_create(conversation=conversation, defaults={"saved_at": timezone.now()})
    is_held = threading.Event()
    failed: list[Exception] = []

    def save() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # The one that waits first looks for a deadlock first, and it would be this one.
                cursor.execute("SET LOCAL deadlock_timeout = '30s'")
                Conversation.objects.select_for_update().get(pk=conversation.pk)
                is_held.set()
                wait_until_it_waits()
                time.sleep(late)
                FactSheet.objects.filter(conversation=conversation).update(version=9)
        except OperationalError as error:
            failed.append(error)
        finally:
            connection.close()

    saving = threading.Thread(target=save)
    saving.start()
    assert is_held.wait(10)
    forget(Conversation)
    saving.join(30)
    assert not saving.is_alive() and not failed
    assert not Conversation.objects.exists() and not FactSheet.objects.exists()


def wait_until_it_waits() -> None:
    """Return once another connection to this database waits for a row lock, within ten seconds."""
    ends = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < ends:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nothing waited for the lock")
