"""These are the forms of a transmission: the agent's, the person's, the unit's."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chat.casework.forms import AppointmentForm
from chat.rules.referral import OTHER_MAX, PLACE_MAX, REASON_MAX, SUMMARY_MAX
from chat.rules.removal import Answer
from chat.texts import forms as form_texts
from common.service_settings import definitions


class TransmissionForm(forms.Form):
    """It is a unit and a summary; in an emergency also why it is sent without the person's agreement (`without`)."""

    point = forms.IntegerField(
        min_value=1,
        error_messages={"required": _("Choisissez une unité."), "invalid": _("Choisissez une unité de la liste.")},
    )
    summary = forms.CharField(
        max_length=SUMMARY_MAX,
        widget=forms.Textarea,
        error_messages={
            "required": _("Écrivez le résumé."),
            "max_length": _("Le résumé est trop long : 3 000 caractères au plus."),
        },
    )
    why = forms.CharField(
        max_length=REASON_MAX,
        required=False,
        widget=forms.Textarea,
        error_messages={"max_length": _("Ce texte est trop long : 1 000 caractères au plus.")},
    )

    def __init__(self, *args: Any, without: bool = False, **kwargs: Any) -> None:
        self.without = without
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.without and not cleaned.get("why") and "why" not in self.errors:
            self.add_error("why", _("Écrivez pourquoi l'accord n'est pas attendu."))
        return cleaned


class OfOneForm(forms.Form):
    """It says which transmission is meant."""

    transmission = forms.UUIDField()


class AnswerForm(OfOneForm):
    """It is the person's answer to the summary that they read.

    facts_until, captures_until: when the last of the facts was read that the page named beside it, and when the last of
    the captures was seen; empty where it named none. captures: the numbers of those captures, with commas.
    """

    answer = forms.ChoiceField(choices=[("yes", _("oui")), ("no", _("non"))])
    facts_until = forms.DateTimeField(required=False)
    captures_until = forms.DateTimeField(required=False)
    captures = forms.RegexField(
        r"^[0-9]{1,9}(,[0-9]{1,9})*\Z", required=False, max_length=10 * definitions.CAPTURES_MOST.most
    )

    def clean_facts_until(self) -> datetime | None:
        return self._in_utc("facts_until")

    def clean_captures_until(self) -> datetime | None:
        return self._in_utc("captures_until")

    def clean_captures(self) -> list[int]:
        return [int(number) for number in self.cleaned_data["captures"].split(",") if number]

    def _in_utc(self, name: str) -> datetime | None:
        """Return the time in UTC, because the database refuses some offsets; None where none was sent."""
        until: datetime | None = self.cleaned_data[name]
        try:
            return until.astimezone(UTC) if until is not None else None
        except OverflowError as error:
            raise forms.ValidationError(self.fields[name].error_messages["invalid"]) from error


class RemovalAnswerForm(forms.Form):
    """It is the result of a removal that was asked for on a day."""

    asked_on = forms.DateField(input_formats=["%Y-%m-%d"])
    answer = forms.ChoiceField(choices=Answer)


class MeetingAnswerForm(OfOneForm):
    """It is the person's answer to the appointment that they read.

    seen: how many steps the page showed. other: another time in their words, only sent with a refusal.
    """

    seen = forms.IntegerField(min_value=0)
    answer = forms.ChoiceField(choices=[("yes", _("oui")), ("no", _("non"))])
    other = forms.CharField(
        max_length=OTHER_MAX,
        required=False,
        widget=forms.Textarea,
        error_messages={"max_length": form_texts.OTHER_TOO_LONG.later()},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == "yes" and cleaned.get("other"):
            text = form_texts.OTHER_WITH_YES.say()
            self.add_error("other", text)
        return cleaned


class MeetingForm(AppointmentForm):
    """It is an appointment at the unit. `checked` means that the unit has confirmed that it is open then."""

    hours_unknown = holiday_unknown = _("Horaires inconnus : cochez la case si quelqu'un recevra la personne.")
    seen = forms.IntegerField(min_value=0)
    place = forms.CharField(
        max_length=PLACE_MAX,
        required=False,
        error_messages={"max_length": _("Ce lieu est trop long : 200 caractères au plus.")},
    )

    @property
    def answer(self) -> dict[str, Any]:
        """Return the arguments of `referral_actions.propose_meeting`. The form must be valid."""
        return {name: self.cleaned_data[name] for name in ("seen", "meets_at", "place")}


class ReasonForm(forms.Form):
    """It is the end of a transmission, with a reason written for the person."""

    seen = forms.IntegerField(min_value=0)
    reason = forms.CharField(
        max_length=REASON_MAX,
        widget=forms.Textarea,
        error_messages={
            "required": _("Écrivez pourquoi, avec des mots simples : la personne le lira."),
            "max_length": _("Ce texte est trop long : 1 000 caractères au plus."),
        },
    )

    @property
    def answer(self) -> dict[str, Any]:
        """Return the arguments of `referral_actions.close_transmission`. The form must be valid."""
        return {name: self.cleaned_data[name] for name in ("seen", "reason")}
