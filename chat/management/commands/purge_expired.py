"""Forgetting, by rule."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from chat import resume
from chat.lifecycle import Status
from chat.models import Conversation
from reports import register
from reports.models import Report


class Command(BaseCommand):
    """Delete what has passed its end date: exchanges with their report, and reports that opened none.

    RETENTION_DAYS after the end of an exchange; abandoned ones count from when the person was last seen. The text in
    force on retention is to be verified (décret 2022-337); the repealed one of 2018 said one year, then five with
    narrower access: the default is one year. Codes de reprise whose time is over are erased as well.
    A run that removed something is a line of the register, with the counts.
    """

    help = "Supprime les échanges et les signalements arrivés au terme de leur conservation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compter seulement")

    def handle(self, *args: Any, dry_run: bool = False, verbosity: int = 1, **options: Any) -> None:
        limit = timezone.now() - timedelta(days=settings.RETENTION_DAYS)
        ended = Conversation.objects.filter(status=Status.CLOSED, closed_at__lt=limit)
        left = Conversation.objects.filter(status=Status.ABANDONED, reporter_seen_at__lt=limit)
        expired = Report.objects.filter(conversation__in=ended) | Report.objects.filter(conversation__in=left)
        never_opened = Report.objects.filter(conversation__isnull=True, filed_at__lt=limit)
        with transaction.atomic():
            keys = [*expired.values_list("pk", flat=True), *never_opened.values_list("pk", flat=True)]
            if not dry_run:
                Report.objects.filter(pk__in=keys).delete()
                codes = resume.forget_expired_codes(now=timezone.now())
                register.record_removal(reports=len(keys), resume_codes=codes)
        count = len(keys)
        if verbosity:
            self.stdout.write(f"{count} signalement(s) {'à supprimer' if dry_run else 'supprimé(s)'}.")
