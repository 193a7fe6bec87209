"""Opinions have an end date too."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from pnav.pages.actions import forget_feedback


class Command(BaseCommand):
    """Delete the opinions older than FEEDBACK_DAYS."""

    help = "Supprime les avis arrivés au terme de leur conservation."

    def handle(self, *args: Any, verbosity: int = 1, **options: Any) -> None:
        count = forget_feedback(now=timezone.now())
        if verbosity:
            self.stdout.write(f"{count} avis supprimé(s).")
