"""Compiles the translations."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from pnav.pages.build.translations import compile_messages


class Command(BaseCommand):
    """Compile what has changed. `make messages` collects the strings first."""

    help = "Compile les traductions (.po vers .mo), sans gettext."
    requires_system_checks = []

    def handle(self, *args: Any, verbosity: int = 1, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for path in compile_messages(folder):
                if verbosity:
                    self.stdout.write(f"{path.parent.parent.name} : {path.name}")
