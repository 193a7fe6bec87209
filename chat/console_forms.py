"""What an agent sends from the console."""

from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from chat.lifecycle import Availability, Outcome
from triage.rules import Urgency

MAX_CAPACITY = 10


class PauseReason(TextChoices):
    """Why an agent pauses, as colleagues see it: chosen, not written, so that nothing private is asked."""

    REST = "rest", _("Souffler")
    MEAL = "meal", _("Repas")
    MEETING = "meeting", _("Réunion")
    PAPERWORK = "paperwork", _("Rédaction")
    OTHER = "other", _("Autre")


class AvailabilityForm(forms.Form):
    """Availability and capacity. The pause's reason is kept in words, as the supervisor reads it."""

    availability = forms.ChoiceField(choices=Availability.choices)
    pause_reason = forms.ChoiceField(choices=PauseReason.choices, required=False)
    capacity = forms.TypedChoiceField(
        choices=[(number, str(number)) for number in range(1, MAX_CAPACITY + 1)], coerce=int
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        reason = ""
        if cleaned.get("availability") == Availability.PAUSE:
            if not cleaned.get("pause_reason"):
                self.add_error("pause_reason", _("Choisissez le motif de la pause."))
            else:
                reason = str(PauseReason(cleaned["pause_reason"]).label)
        return {**cleaned, "pause_reason": reason}


class CloseForm(forms.Form):
    """The end of a conversation: how it ended, and that it is meant."""

    outcome = forms.ChoiceField(
        choices=[("", _("Choisissez une issue")), *Outcome.choices],
        error_messages={"required": _("Choisissez comment l'échange se termine.")},
    )
    confirm = forms.BooleanField(
        error_messages={"required": _("Cochez la case pour confirmer : la personne ne pourra plus écrire.")}
    )


class UrgencyForm(forms.Form):
    urgency = forms.TypedChoiceField(choices=Urgency.choices, coerce=int)
