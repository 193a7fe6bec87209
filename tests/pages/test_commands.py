from datetime import time, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands
from django.utils import timezone

from pnav.pages.actions import give_feedback
from pnav.pages.models import Feedback
from reports.models import RetentionRule


@pytest.mark.django_db
def test_retention_deletes_the_old_opinions():
    RetentionRule.objects.update_or_create(kind="opinion", defaults={"days": 10, "grace_days": 0, "digest_days": 0})
    old, recent = (give_feedback(rating="yes", page="other", text=text) for text in ("old", "recent"))
    Feedback.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=11))
    out = StringIO()
    call_command("retention", "--plan", stdout=out)
    assert "Avis sur le service (10+0 j ; Terme de la conservation)" in out.getvalue()
    call_command("retention", stdout=out)
    assert list(Feedback.objects.all()) == [recent]


@pytest.mark.django_db
def test_retention_takes_the_hour_from_an_opinion_of_another_version():
    """A process of the version before still writes it, beside a database that has migration 0020 already."""
    given, now = give_feedback(rating="yes", page="chat", text="mot"), timezone.now()
    Feedback.objects.filter(pk=given.pk).update(created_at=now)
    call_command("retention", verbosity=0)
    kept = timezone.localtime(Feedback.objects.get(pk=given.pk).created_at)
    assert (kept.date(), kept.time()) == (timezone.localtime(now).date(), time())


@pytest.mark.django_db
def test_retention_waits_for_a_rule_that_was_shortened():
    Feedback.objects.create(rating=Feedback.Rating.values[0], created_at=timezone.now() - timedelta(days=11))
    later = timezone.now() + timedelta(days=7)
    RetentionRule.objects.update_or_create(
        kind="opinion", defaults={"days": 10, "grace_days": 0, "digest_days": 0, "in_force_at": later}
    )
    call_command("retention", verbosity=0)
    assert Feedback.objects.exists()
    RetentionRule.objects.filter(kind="opinion").update(former_days=11, former_grace_days=1)
    call_command("retention", verbosity=0)
    assert Feedback.objects.exists(), "the former rule keeps it"
    RetentionRule.objects.filter(kind="opinion").update(former_grace_days=0)
    call_command("retention", verbosity=0)
    assert not Feedback.objects.exists(), "the former rule deletes it"


def test_purge_commands_of_the_worker_exist():
    assert set(settings.PURGE_COMMANDS) <= set(get_commands())
