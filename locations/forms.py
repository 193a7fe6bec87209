"""These forms read what a visitor sends: a place to look for, and the service chosen among those found."""

import re
from typing import Any, Self

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from locations import texts as location_texts
from locations.lookup import MAX_TYPED
from locations.models import Municipality, PostalCode, ReceptionPoint


class Purpose(models.TextChoices):
    """It is why a place is looked for, which decides where the choice leads."""

    EXCHANGE = "echange", _("Échanger avec un gendarme ou un policier")
    CONTACTS = "contacts", _("Trouver mes contacts utiles de proximité")


class SearchForm(forms.Form):
    """It reads the search of a place: a town or a postal code."""

    q = forms.CharField(
        max_length=MAX_TYPED,
        error_messages={
            "required": location_texts.PLACE_REQUIRED.later(),
            "max_length": location_texts.PLACE_TOO_LONG.later(),
        },
    )
    purpose = forms.ChoiceField(choices=Purpose, required=False)

    def clean_purpose(self) -> str:
        return self.cleaned_data["purpose"] or Purpose.EXCHANGE


class ChoiceForm(forms.Form):
    """It reads one service, « INSEE code _ unit _ postal code », where the unit or the postal code may be empty."""

    service = forms.RegexField(
        r"^([0-9AB]{5})_(\d{0,12})_(\d{5}|)$",
        error_messages={
            "required": location_texts.SERVICE_REQUIRED.later(),
            "invalid": location_texts.SERVICE_REQUIRED.later(),
        },
    )
    purpose = forms.ChoiceField(choices=Purpose, required=False)

    @classmethod
    def refused(cls, *, is_gone: bool) -> Self:
        """Return the form with the error of one that was refused: nothing was selected or, where is_gone, what was
        selected has left the tables."""
        form = cls({})
        if is_gone:
            form.errors.clear()
            form.add_error("service", forms.ValidationError(location_texts.SERVICE_GONE.say(), code="gone"))
        return form

    @property
    def is_gone(self) -> bool:
        """Return whether it was refused because what was selected has left the tables."""
        return self.has_error("service", code="gone")

    def clean(self) -> dict[str, Any]:
        """Add `municipality`, `reception_point` (or None) and `postal_code`, which must exist and belong together."""
        cleaned = super().clean() or {}
        cleaned["purpose"] = cleaned.get("purpose") or Purpose.EXCHANGE
        found = re.fullmatch(r"(\w{5})_(\d*)_(\d*)", cleaned.get("service", ""))
        if not found:
            return cleaned
        insee_code, unit, postal_code = found.groups()
        municipality = Municipality.objects.filter(pk=insee_code).first()
        reception_point = ReceptionPoint.objects.filter(pk=unit).first() if unit else None
        belongs = not postal_code or PostalCode.objects.filter(code=postal_code, municipality_id=insee_code).exists()
        if municipality is None or (unit and reception_point is None) or not belongs:
            self.add_error("service", forms.ValidationError(location_texts.SERVICE_GONE.say(), code="gone"))
            return cleaned
        return {
            **cleaned,
            "municipality": municipality,
            "reception_point": reception_point,
            "postal_code": postal_code,
        }
