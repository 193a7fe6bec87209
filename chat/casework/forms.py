"""These are the forms of casework: fact sheet, proposals, emergency, closing, search, document."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.casework import word_search
from chat.casework.fact_sheet import Facts
from chat.messages.forms import refuse_unseen
from chat.models.casework import FactSheet, ProposalKind, Said, read_file_number
from chat.rules.closing import Missing, Point, Seen, field_of
from chat.rules.emergency import Situation, Step
from chat.rules.lifecycle import Outcome
from common.texts import folded
from locations import hours
from locations.models import ReceptionPoint
from reports.rules.offence_elements import QUESTIONS, Element, Evidence
from triage.rules import Urgency


class CloseForm(forms.Form):
    """It is the form that closes a conversation: its outcome, and a confirmation."""

    outcome = forms.ChoiceField(
        choices=[("", _("Sélectionnez une issue")), *Outcome.choices],
        error_messages={"required": _("Choisissez une issue.")},
    )
    confirm = forms.BooleanField(
        error_messages={"required": _("Cochez la case pour confirmer : la personne ne pourra plus écrire.")}
    )


NOTE_MAX = 4000
WAYS = [("", _("à demander")), ("yes", _("oui")), ("no", _("non"))]
LABELS = {
    "dates": _("Dates et heures des faits"),
    "accounts": _("Comptes et pseudonymes des auteurs"),
    "links": _("Liens, un par ligne"),
    "notes": _("Autres faits"),
}


class FactSheetForm(forms.Form):
    """It is the fact sheet, with a field for each element, named by its value.


    version: that of the sheet that this page shows; 0 before the first save. A form that was not sent has no fields of
    elements, because these are drawn by hand, from `answers`. has_notes: whether it has the texts. A page that could
    not read them has none, so that what it sends leaves the stored ones as they are.
    """

    # A pressed button sends « online:yes », which replaces what the page had for this element.
    PRESSED = "press"

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.has_notes = not self.is_bound or any(name in self.data for name in FactSheet.NOTES)
        for element in Element if self.is_bound else ():
            self.fields[element.value] = forms.ChoiceField(
                choices=WAYS, required=False, label=element.label, help_text=QUESTIONS[element]
            )
        self.fields["evidence"] = forms.MultipleChoiceField(
            choices=Evidence.choices, required=False, label=_("Preuves gardées")
        )
        for name in FactSheet.NOTES:
            self.fields[name] = forms.CharField(
                required=False, label=LABELS[name], max_length=NOTE_MAX, strip=False, widget=forms.Textarea
            )

    @classmethod
    def sent(cls, data: QueryDict) -> "FactSheetForm":
        """Return the form as it was sent, with the pressed answer. A press for an unknown element changes nothing."""
        element, _colon, answer = data.get(cls.PRESSED, "").partition(":")
        if element not in Element.values:
            return cls(data)
        pressed = data.copy()
        pressed[element] = answer
        return cls(pressed)

    @classmethod
    def showing(cls, facts: Facts, version: int) -> "FactSheetForm":
        """Return the form that shows the sheet as it is."""
        ticked = dict.fromkeys(facts.present, "yes") | dict.fromkeys(facts.absent, "no")
        form = cls(initial={"version": version, **ticked, "evidence": facts.evidence, **(facts.notes or {})})
        form.has_notes = facts.notes is not None
        return form

    def facts(self) -> Facts:
        """Return the facts that were sent, with notes of None when no text was. The form must be valid."""
        data = self.cleaned_data
        return Facts(
            present=[element.value for element in Element if data[element.value] == "yes"],
            absent=[element.value for element in Element if data[element.value] == "no"],
            evidence=[value for value in Evidence.values if value in data["evidence"]],
            notes={name: data[name].replace("\r\n", "\n") for name in FactSheet.NOTES} if self.has_notes else None,
        )

    def on_top_of(self, version: int) -> "FactSheetForm":
        """Return a form with the same words and ticks for this newer version, to be sent again."""
        data = QueryDict(mutable=True)
        for name, value in cast("QueryDict", self.data).lists():
            data.setlist(name, value)
        data["version"] = str(version)
        return FactSheetForm(data)

    @property
    def answers(self) -> Mapping[str, Any]:
        """Return what was sent of each element, or what the sheet says of it; some may be missing, or none of WAYS."""
        return self.data if self.is_bound else self.initial

    @property
    def texts(self) -> list[forms.BoundField]:
        """Return the fields of the notes, in the order in which they are shown; none in a form without them."""
        return [self[name] for name in FactSheet.NOTES] if self.has_notes else []


class QuestionForm(forms.Form):
    """It is a question to the person, with answers to choose from."""

    question = forms.CharField(
        max_length=500, error_messages={"required": _("Écrivez la question.")}, validators=[refuse_unseen]
    )
    answer_1 = forms.CharField(
        max_length=40, error_messages={"required": _("Écrivez la première réponse.")}, validators=[refuse_unseen]
    )
    answer_2 = forms.CharField(
        max_length=40, error_messages={"required": _("Écrivez la deuxième réponse.")}, validators=[refuse_unseen]
    )
    answer_3 = forms.CharField(max_length=40, required=False, validators=[refuse_unseen])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        answers = [cleaned.get(name, "") for name in ("answer_1", "answer_2", "answer_3") if cleaned.get(name)]
        if len(set(answers)) != len(answers):
            self.add_error("answer_2", _("Deux réponses sont les mêmes."))
        return {**cleaned, "answers": answers}


class PartnerForm(forms.Form):
    """It is the partner that is proposed to the person."""

    partner = forms.IntegerField(
        error_messages={
            "required": _("Choisissez un partenaire."),
            "invalid": _("Choisissez un partenaire de la liste."),
        }
    )


class AppointmentForm(forms.Form):
    """It is the day and hour of an appointment at the point d'accueil, in its local time. The cleaned `meets_at` is
    aware.

    checked: whether the unit was called, which is required if its data do not say that it is open then. shown: the key
    of the unit that the page named, empty for none; pages of the version before have no such field.
    """

    day = forms.DateField(
        error_messages={"required": _("Choisissez un jour."), "invalid": _("Écrivez une date : 31/12/2027.")}
    )
    hour = forms.TimeField(
        error_messages={"required": _("Choisissez une heure."), "invalid": _("Écrivez une heure : 14:30.")}
    )
    checked = forms.BooleanField(required=False)
    shown = forms.CharField(required=False)
    unit_unknown = _(
        "Aucun point d'accueil connu : la personne peut en choisir un dans « Point d'accueil », puis l'indiquer dans "
        "son échange."
    )
    unit_changed = _("Le point d'accueil a changé entre-temps : rien n'a été proposé. Appelez celui qui est nommé ici.")
    hours_unknown = _("Horaires inconnus : appelez l'unité, puis cochez la case.")
    holiday_unknown = _("Jour férié, horaires inconnus : appelez l'unité, puis cochez la case.")

    def __init__(self, *args: Any, unit: ReceptionPoint | None, **kwargs: Any) -> None:
        self.unit = unit
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day: date | None = cleaned.get("day")
        hour: time | None = cleaned.get("hour")
        if self.unit is None:
            self.add_error(None, self.unit_unknown)
            return cleaned
        if "shown" in self.data and cleaned.get("shown") != self.unit.key:
            self.refuse_changed_unit()
            return cleaned
        if day is None or hour is None:
            return cleaned
        zone = hours.time_zone_of(self.unit.department_code)
        meets_at = datetime.combine(day, hour, tzinfo=zone)
        now = timezone.now()
        if meets_at <= now:
            self.add_error("day", _("Choisissez un moment à venir."))
        elif meets_at > now + timedelta(days=365):
            self.add_error("day", _("Choisissez un moment dans l'année."))
        elif not cleaned.get("checked"):
            self._ask_whether_open(meets_at)
        return {**cleaned, "meets_at": meets_at}

    def refuse_changed_unit(self) -> None:
        """Say that the person has another point d'accueil now. The box is not ticked any more: it was for the former
        one.
        """
        self.data = {name: value for name, value in self.data.items() if name != "checked"}
        self.add_error(None, self.unit_changed)

    def _ask_whether_open(self, meets_at: datetime) -> None:
        assert self.unit is not None  # noqa: S101
        opening = self.unit.opening_at(meets_at)
        if opening is None:
            self.add_error("checked", self.hours_unknown)
        elif opening.is_open is None:
            self.add_error("checked", self.holiday_unknown)
        elif not opening.is_open:
            self.add_error("hour", _("L'unité est fermée à cette heure. Choisissez-en une autre, ou cochez la case."))


class SaidForm(forms.Form):
    """It is the person's answer to a proposal, as the agent understood it from the messages."""

    said = forms.ChoiceField(choices=Said.choices)
    asked = forms.UUIDField()


class SituationForm(forms.Form):
    """It is the situation for which the emergency procedure is opened."""

    situation = forms.ChoiceField(choices=Situation.choices, error_messages={"required": _("Choisissez la situation.")})


class FollowedForm(forms.Form):
    """It names the answer that a proposal follows, by the name that the browser gave to that message."""

    client_id = forms.UUIDField()


class StepForm(forms.Form):
    """It is a step of the emergency procedure that has been done."""

    step = forms.ChoiceField(choices=Step.choices)


class ClosingForm(CloseForm):
    """It is the form that closes a conversation: outcome, confirmation, summaries and, for a minor, the points'
    results.

    known: the results that are filled in, by point (`chat.rules.closing.known_points`). seen: the number of the last
    message that the page had; pages of the version before have no such field.
    """

    summary = forms.CharField(max_length=NOTE_MAX, required=False, widget=forms.Textarea)
    told = forms.CharField(max_length=NOTE_MAX, required=False, widget=forms.Textarea)
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def __init__(
        self, *args: Any, is_minor: bool = False, known: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.is_filled = bool(known)
        self.blocking: list[str] = []
        self.asked = [point for point in Point if is_minor]
        for point in self.asked:
            self.fields[field_of(point)] = forms.ChoiceField(
                choices=[("", _("à remplir")), *Seen.choices],
                required=False,
                label=point.label,
                initial=(known or {}).get(point.value, ""),
            )

    @property
    def points(self) -> dict[str, str]:
        """Return the result of each point that was filled in."""
        told = {point.value: self.cleaned_data.get(field_of(point), "") for point in self.asked}
        return {point: seen for point, seen in told.items() if seen}

    @property
    def point_fields(self) -> list[forms.BoundField]:
        """Return the fields of the points that are required for this closing, in the order of the checklist."""
        return [self[field_of(point)] for point in self.asked]

    def say_missing(self, found: list[Missing]) -> None:
        """Add an error to the field of each missing thing, and to the form for things that have no field here."""
        for one in found:
            if one.field in self.fields:
                self.add_error(one.field, str(one.text))
            else:
                self.add_error(None, str(one.text))


def _day() -> forms.DateField:
    """Return a date field within the time of this service, because dates far away cannot be calculated with."""
    bounds = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31))]
    return forms.DateField(
        required=False, validators=bounds, error_messages={"invalid": _("Écrivez une date : 31/12/2027.")}
    )


class OwnSearchForm(forms.Form):
    """It is a search over one's own exchanges by facts only. Words that anybody wrote cannot be searched."""

    number = forms.CharField(required=False, max_length=40)
    since = _day()
    until = _day()
    facts = forms.MultipleChoiceField(choices=Element.choices, required=False)
    outcome = forms.ChoiceField(choices=[("", _("toutes")), *Outcome.choices], required=False)
    urgency = forms.ChoiceField(
        choices=[("", _("tous")), *[(str(value), label) for value, label in Urgency.choices]], required=False
    )
    proposed = forms.ChoiceField(choices=[("", _("toutes")), *ProposalKind.choices], required=False)

    def clean_number(self) -> str:
        """Return the file number as it is stored, however it was typed: « pnav 5zbv 5bhv », « 5ZBV5BHV »."""
        typed = self.cleaned_data["number"]
        if not typed.strip():
            return ""
        number = read_file_number(typed)
        if not number:
            raise forms.ValidationError(
                _("Un numéro de dossier s'écrit PNAV, puis deux fois quatre signes : PNAV-5ZBV-5BHV.")
            )
        return number

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("La fin est avant le début."))
        return cleaned


class WordSearchForm(forms.Form):
    """It is a search for words in the messages of the exchanges that an agent holds now."""

    mots = forms.CharField(
        max_length=word_search.SIGNS_AT_MOST, error_messages={"required": _("Écrivez un mot des messages.")}
    )

    def clean_mots(self) -> str:
        """Return what was typed. Too short, it would find everything; with too many words, nothing."""
        typed: str = self.cleaned_data["mots"]
        words = folded.words_of(typed)
        if sum(len(word) for word in words) < word_search.SIGNS_AT_LEAST:
            raise forms.ValidationError(_("Écrivez au moins deux lettres."))
        if len(words) > word_search.WORDS_AT_MOST:
            raise forms.ValidationError(_("Huit mots au plus : gardez les plus rares."))
        return typed

    @property
    def words(self) -> list[str]:
        """Return the words of a valid form, folded."""
        return folded.words_of(self.cleaned_data["mots"])


class PaperReason(TextChoices):
    """These are the reasons for making a document of an exchange. They are fixed, because the register keeps them for
    good."""

    COMPLAINT = "complaint", _("Dépôt de plainte")
    JUSTICE = "justice", _("Demande de la justice")
    PERSON = "person", _("Demande de la personne")
    SERVICE = "service", _("Transmission au service compétent")


class PaperForm(forms.Form):
    """It is the reason of a document, which is recorded in the register and on each page."""

    motive = forms.ChoiceField(
        choices=[("", _("Choisissez un motif")), *PaperReason.choices],
        error_messages={
            "required": _("Choisissez pourquoi le document est fait."),
            "invalid_choice": _("Choisissez un motif de la liste."),
        },
    )
    # The part of a long exchange. Without it, its parts are listed, or the document of a short exchange is made.
    part = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), _("Choisissez une partie du document dans la liste.")
        ),
    )

    archive = forms.BooleanField(required=False)  # all parts with their JSON, and the page that verifies them

    @property
    def reason(self) -> str:
        """Return the reason in words. The form must be valid."""
        return str(PaperReason(self.cleaned_data["motive"]).label)
