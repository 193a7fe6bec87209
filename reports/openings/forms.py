"""These are the forms of identity disclosure. Everything typed in them is encrypted at rest."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reports.models import OpeningField
from reports.seal.replies import DamagedReply, Recipient, Reply

TEXT_MAX = 2000  # the most characters of a text


def _text(label: Any, *, missing: Any, required: bool = True, max_length: int = TEXT_MAX, rows: int = 0) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    errors = {"required": missing, "max_length": _("Trop long : %(limit_value)d caractères au plus.")}
    return forms.CharField(
        label=label, required=required, max_length=max_length, widget=widget, error_messages=errors, strip=True
    )


def _day(label: Any, *, missing: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": _("Cette date n'est pas lisible : jour, mois et année, par exemple 25/11/2026.")},
    )


class RegisterForm(forms.Form):
    """It is the part of the register that the address asks for; the newest requests if it asks for none."""

    until = _day(_("Demandes jusqu'au"), missing="")
    older_than = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def read(self) -> dict[str, Any]:
        """Return the arguments of `actions.of_all`, without values that are not valid."""
        told = self.cleaned_data if self.is_valid() else {}
        day: date | None = told.get("until")
        until = None
        if day is not None:
            after = min(day, timezone.localdate()) + timedelta(days=1)
            until = timezone.make_aware(datetime.combine(after, time()))
        return {"until": until, "older_than": told.get("older_than")}


class AuthorisationForm(forms.Form):
    """It is the prosecutor's authorisation: its reference and its date."""

    prosecutor_reference = _text(
        _("Référence de l'autorisation du procureur"), missing="", required=False, max_length=100
    )
    prosecutor_on = _day(_("Date de l'autorisation"), missing="")

    def clean_prosecutor_on(self) -> date | None:
        day: date | None = self.cleaned_data["prosecutor_on"]
        if day is not None and day > timezone.localdate():
            raise forms.ValidationError(_("Cette date est dans l'avenir : l'autorisation doit exister déjà."))
        return day

    def require_authorisation(self) -> None:
        """Add an error to each field that is empty."""
        for name, missing in (
            ("prosecutor_reference", _("Indiquez la référence de l'autorisation.")),
            ("prosecutor_on", _("Indiquez la date de l'autorisation.")),
        ):
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, missing)


class AskForm(AuthorisationForm):
    """It is a request for a disclosure. When danger is imminent the authorisation is given later, in the review."""

    field = forms.ChoiceField(
        label=_("Ce qu'il faut ouvrir"),
        choices=OpeningField.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choisissez ce qu'il faut ouvrir : une seule chose par demande."),
            "invalid_choice": _("Choisissez une réponse de la liste."),
        },
    )
    is_urgent = forms.BooleanField(label=_("Danger imminent"), required=False)
    motive = _text(_("Motif"), missing=_("Indiquez pourquoi il faut ouvrir le scellé."), rows=4)
    legal_ground = _text(
        _("Fondement juridique"), missing=_("Indiquez le texte sur lequel se fonde la demande."), max_length=300
    )
    recipient = forms.CharField(required=False, widget=forms.HiddenInput, max_length=100)

    field_order = ["field", "is_urgent", "motive", "legal_ground", "prosecutor_reference", "prosecutor_on", "recipient"]

    def clean_recipient(self) -> Recipient | None:
        """Return the browser's public key; None if it is not valid. Then the value is shown in person."""
        try:
            return Recipient.parse(self.cleaned_data["recipient"]) if self.cleaned_data["recipient"] else None
        except DamagedReply:
            return None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("is_urgent"):
            self.require_authorisation()
        return cleaned


class ClaimForm(forms.Form):
    """It is the form to take over a colleague's request, with the public key of the browser, if it has one."""

    recipient = forms.CharField(required=False, widget=forms.HiddenInput, max_length=100)

    def clean_recipient(self) -> Recipient | None:
        """Return the browser's public key, as `AskForm` does."""
        try:
            return Recipient.parse(self.cleaned_data["recipient"]) if self.cleaned_data["recipient"] else None
        except DamagedReply:
            return None


class RefusalForm(forms.Form):
    """It is the reason for refusing a request, which the asker reads."""

    reason = _text(_("Raison du refus"), missing=_("Indiquez pourquoi : la personne qui demande le lira."), rows=3)


class ReviewForm(AuthorisationForm):
    """It is the review after an urgent opening: what justified it, and the authorisation that followed."""

    conclusion = _text(
        _("Ce qui justifiait l'urgence, et la suite donnée"), missing=_("Écrivez votre conclusion."), rows=4
    )

    field_order = ["conclusion", "prosecutor_reference", "prosecutor_on"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.require_authorisation()
        return cleaned

    @property
    def text(self) -> str:
        """Return the review as it is stored."""
        data = self.cleaned_data
        return f"{data['conclusion']}\n{data['prosecutor_reference']}, {data['prosecutor_on'].isoformat()}"


class ReplyForm(forms.Form):
    """It is the content of the file that `open_sealed --reply` wrote."""

    reply = forms.CharField(
        label=_("Contenu du fichier de réponse"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Collez ici ce que ce fichier contient."),
            "max_length": _("C'est trop long pour un fichier de réponse."),
        },
    )

    def clean_reply(self) -> Reply:
        try:
            return Reply.parse(self.cleaned_data["reply"])
        except DamagedReply:
            raise forms.ValidationError(
                _("Ce n'est pas un fichier de réponse entier. Copiez-le de la première à la dernière ligne.")
            ) from None
