"""The command `purge_debriefs` deletes requests for a talk with the psychologist."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.wellbeing import debriefs


class Command(BaseCommand):
    """Deletes the requests whose end has come (`chat.wellbeing.debriefs`)."""

    help = "Supprime les demandes de débriefing arrivées à leur terme."

    def handle(self, *args: Any, **options: Any) -> None:
        debriefs.forget_ended()
