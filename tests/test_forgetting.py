"""What browser tests leave is removed at once, and the same rows are gone as by Django's own deletion."""

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from chat.models import Agent, ArrivalGroup, Conversation, Message
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
