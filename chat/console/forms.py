"""These are the forms that an agent sends from the console."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from chat.arranging.layout import Act
from chat.arranging.list_order import Order
from chat.conversations import idle
from chat.rules.lifecycle import Availability, PauseOrder
from common.dates import format_date
from common.service_settings import definitions, values

LONGEST_PERIOD = 366  # the most days of a period in « Historique »


def capacity_choices(current: int = 0) -> list[tuple[int, str]]:
    """Return the capacities to choose from, including the present one even if the service's maximum is now lower."""
    allowed = {*range(1, values.get(definitions.CAPACITY_MOST) + 1), current} - {0}
    return [(number, str(number)) for number in sorted(allowed)]


class PauseReason(TextChoices):
    """These are the reasons of a pause, as colleagues see them. They are fixed, so that nothing private is asked."""

    REST = "rest", _("Souffler")
    MEAL = "meal", _("Repas")
    MEETING = "meeting", _("Réunion")
    PAPERWORK = "paperwork", _("Rédaction")
    OTHER = "other", _("Autre")


class AvailabilityForm(forms.Form):
    """It is the availability and capacity of an agent; `initial` has the present ones.

    The reason of a pause is stored in words, as the supervisor reads it. is_capacity_only: « Enregistrer » beside
    « Places » was pressed, which names no availability; a page that was loaded before it had a value of its own names
    one, and sets it.
    """

    availability = forms.ChoiceField(choices=Availability.choices)
    pause_reason = forms.ChoiceField(choices=PauseReason.choices, required=False)
    capacity = forms.TypedChoiceField(choices=capacity_choices, coerce=int)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["capacity"].choices = capacity_choices(self.initial.get("capacity", 0))  # type: ignore[attr-defined]
        self.is_capacity_only = self.data.get("only") == "capacity"
        self.fields["availability"].required = not self.is_capacity_only

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        reason = ""
        if cleaned.get("availability") == Availability.PAUSE:
            if not cleaned.get("pause_reason"):
                self.add_error("pause_reason", _("Choisissez le motif de la pause."))
            else:
                reason = str(PauseReason(cleaned["pause_reason"]).label)
        return {**cleaned, "pause_reason": reason}


AGENT_GONE = _("Cet agent n'est plus disponible, ou plus là : rien n'a changé.")


class PauseOrderForm(forms.Form):
    """It is the agent and the reason. people: those who may be chosen."""

    agent = forms.TypedChoiceField(
        coerce=int, error_messages={"required": _("Choisissez un agent."), "invalid_choice": AGENT_GONE}
    )
    reason = forms.ChoiceField(
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choisissez une raison."))
    )

    def __init__(self, data: Any = None, *, people: list[Any], **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["agent"].choices = [  # type: ignore[attr-defined]
            ("", _("Choisissez un agent")),
            *((one.pk, one.among_colleagues) for one in people),
        ]
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            ("", _("Choisissez une raison")),
            *((one.value, one.reason) for one in PauseOrder),
        ]


class ReadForm(forms.Form):
    """Says that the agent has read which conversations they lost. until: the return that the page showed."""

    until = forms.DateTimeField()


class IdleForm(forms.Form):
    """It is for how long a page has seen no sign of its agent, in seconds."""

    seconds = forms.IntegerField(min_value=int(idle.ANSWER.total_seconds()), max_value=86_400)


FREEZE_AT_MOST = timedelta(days=2 * 365)  # after this time it has to be asked for again


class FreezeForm(forms.Form):
    """It is a request for a freeze because of a judicial need. The cleaned `until` is the end of that day in Paris."""

    motive = forms.CharField(
        max_length=300, error_messages={"required": _("Écrivez pourquoi l'échange doit être gardé.")}
    )
    reference = forms.CharField(
        max_length=100, error_messages={"required": _("Ce champ est vide. Sans lui, rien n'est gelé.")}
    )
    authority = forms.CharField(
        max_length=200, error_messages={"required": _("Ce champ est vide. Dites de qui vient ce gel.")}
    )
    until = forms.DateField(
        error_messages={
            "required": _("Choisissez jusqu'à quand."),
            "invalid": _("Écrivez une date, par exemple 31/12/2027."),
        }
    )

    def clean_until(self) -> datetime:
        day: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if day < today:
            raise forms.ValidationError(_("Choisissez une date à venir."))
        if day > today + FREEZE_AT_MOST:
            raise forms.ValidationError(_("Cette date est trop lointaine : choisissez-en une plus proche."))
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


class ErasureForm(forms.Form):
    """It is the answer to a request for erasure. The person reads the motive of a refusal."""

    answer = forms.ChoiceField(
        choices=[
            ("grant", _("Accorder : tout sera supprimé après un court délai")),
            ("refuse", _("Refuser, avec un motif")),
        ],
        error_messages={"required": _("Choisissez une réponse.")},
    )
    motive = forms.CharField(max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == "refuse" and not cleaned.get("motive"):
            self.add_error("motive", _("Écrivez le motif du refus : la personne le lira."))
        return cleaned


def _number(label: Any, least: int, most: int, usual: int) -> forms.IntegerField:
    """Return a field for a whole number within bounds, with one error message for any other input."""
    said = format_lazy(_("Écrivez un nombre entier de {least} à {most}."), least=least, most=most)
    return forms.IntegerField(
        label=label,
        initial=usual,
        error_messages={"invalid": said, "required": said},
        validators=[MinValueValidator(least, said), MaxValueValidator(most, said)],
    )


class StaffingForm(forms.Form):
    """These are the questions of « Effectifs »: a target, and how an agent works. It is sent by GET, as it is about
    nobody.

    Without input (`asked`), the promise and the capacity are those of the service settings.
    """

    share = _number(_("Part des personnes, en %"), 50, 99, 95)
    minutes = _number(_("Répondues en moins de, en minutes"), 1, 60, 3)
    capacity = _number(_("Échanges tenus à la fois par un agent"), 1, definitions.CAPACITY_MOST.most, 3)
    pauses = _number(_("Part du service passée en pause, en %"), 0, 60, 0)

    @classmethod
    def asked(cls, data: Mapping[str, Any]) -> "StaffingForm":
        """Return the form with what was sent, and usual values for what was not."""
        usual = {name: field.initial for name, field in cls.base_fields.items()}
        usual["minutes"] = values.get(definitions.PROMISED)
        usual["capacity"] = values.get(definitions.CAPACITY_FIRST)
        return cls(usual | {name: data[name] for name in usual if name in data})


def _day() -> forms.DateField:
    return forms.DateField(
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        validators=[MinValueValidator(date(2000, 1, 1), _("Choisissez un jour plus tard."))],
        error_messages={
            "required": _("Choisissez un jour."),
            "invalid": _("Écrivez le jour ainsi : 31/12/2026."),
        },
    )


class PeriodForm(forms.Form):
    """It is the period of « Historique », from one day to another, both included.

    open_from: the first day that is still open. Open days are counted exactly, and only together. Otherwise the
    difference of two periods would reveal how the exchanges of one day ended, of which there may be only one
    (docs/adr/0116).
    """

    du, au = _day(), _day()

    def __init__(self, *args: Any, today: date, open_from: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today, self.open_from = today, open_from

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("du"), cleaned.get("au")
        if first is None or last is None:
            return cleaned
        if last > self.today:
            self.add_error("au", _("Ce jour n'est pas encore venu : choisissez aujourd'hui ou avant."))
        elif first > last:
            self.add_error("du", _("Le premier jour est après le dernier : choisissez-le avant."))
        elif (last - first).days >= LONGEST_PERIOD:
            self.add_error(
                "du", _("%(days)s jours au plus : choisissez un premier jour plus tard.") % {"days": LONGEST_PERIOD}
            )
        elif last >= self.open_from and (last < self.today or first > self.open_from):
            self.add_error(
                "au",
                _(
                    "Les jours depuis le %(open)s sont encore ouverts et se comptent ensemble : choisissez un dernier "
                    "jour avant, ou allez de ce jour, ou d'un jour d'avant, jusqu'à aujourd'hui."
                )
                % {"open": format_date(self.open_from, "j F Y")},
            )
        return cleaned


class OrderForm(forms.Form):
    """It is the order of the list of conversations."""

    ordre = forms.ChoiceField(
        choices=Order.choices,
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), _("Cet ordre n'existe pas : choisissez dans la liste.")
        ),
    )


class PartForm(forms.Form):
    """It is one act on one part of a page that can be arranged. parts: all of them."""

    partie = forms.ChoiceField()
    acte = forms.ChoiceField(choices=Act)

    def __init__(self, *args: Any, parts: type[TextChoices], **fields: Any) -> None:
        super().__init__(*args, **fields)
        self.fields["partie"] = forms.ChoiceField(choices=parts)
