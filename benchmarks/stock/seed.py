"""Fills the stock database, and prints the session key of a visit: `python -m benchmarks.stock.seed`."""

import os
from datetime import timedelta

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.stock.settings"
django.setup()

from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.stock.models import Conversation, HelpNumber, Message, Municipality, Section  # noqa: E402
from benchmarks.stock.sizes import MESSAGES, WAITING  # noqa: E402

SECTIONS, NUMBERS, COMMUNES = 8, 10, 46


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    now = timezone.now()
    Section.objects.bulk_create(
        Section(title=f"Section {n}", body="Un texte d’information. " * 20) for n in range(SECTIONS)
    )
    HelpNumber.objects.bulk_create(
        HelpNumber(number=f"30{n:02}", label="Pour les victimes", hours="7 j/7, 24 h/24") for n in range(NUMBERS)
    )
    Municipality.objects.bulk_create(
        Municipality(name=f"Commune {n}", department="Marne", postal_code="51300") for n in range(COMMUNES)
    )
    Conversation.objects.bulk_create(
        Conversation(status="waiting", queued_at=now - timedelta(minutes=WAITING - n)) for n in range(WAITING)
    )
    conversation = Conversation.objects.order_by("queued_at").last()
    Message.objects.bulk_create(
        Message(conversation=conversation, seq=n + 1, body=f"message {n}", sent_at=now) for n in range(MESSAGES)
    )
    session = SessionStore()
    session["conversation"] = conversation.pk
    session.create()
    print(session.session_key)


main()
