from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands
from django.utils import timezone

from pnav.pages.models import Feedback


@pytest.mark.django_db
def test_purge_feedback_deletes_the_old_ones(settings):
    old, recent = (Feedback.objects.create(rating=Feedback.Rating.values[0], text=text) for text in ("old", "recent"))
    Feedback.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=settings.FEEDBACK_DAYS + 1))
    out = StringIO()
    call_command("purge_feedback", stdout=out)
    assert "1 avis" in out.getvalue()
    assert list(Feedback.objects.all()) == [recent]


def test_purge_commands_of_the_worker_exist():
    assert set(settings.PURGE_COMMANDS) <= set(get_commands())
