"""Refuses, in texts of the admin, characters that cannot be seen or that change the direction of a line.

`PnavAdminSite` puts `PlainTexts` before every class it registers, so that no `ModelAdmin` can forget.
"""

from collections.abc import Iterator
from copy import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from common.texts import validation

# A text of several lines may hold these; a field of one line has lost them before.
_LINES = str.maketrans("", "", "\r\n\t")


def refuse_hidden(text: str) -> None:
    """Raise ValidationError for a text with hidden characters; it names their codes, never the text.

    Emoji made of several characters are refused too, as in sentences: fonts and screen readers differ about them.
    """
    if codes := validation.hidden_characters(text.translate(_LINES)):
        raise ValidationError(
            _("Ce texte contient un caractère qui ne se voit pas (%(codes)s) : réécrivez ce passage."),
            code="hidden",
            params={"codes": ", ".join(codes)},
        )


def _is_text(field: forms.Field) -> bool:
    """Return whether people read what is typed here. Passwords are compared, and JSON has an editor of its own."""
    return isinstance(field, forms.CharField) and not (
        isinstance(field, forms.JSONField) or isinstance(field.widget, forms.PasswordInput)
    )


def _refuse_in(form: Any) -> None:
    """Add the validator to the texts of a class of forms that was made for one request."""
    for name, field in form.base_fields.items():
        if _is_text(field):
            form.base_fields[name] = refusing = copy(field)  # a copy: a declared field belongs to other forms too
            refusing.validators = [*field.validators, refuse_hidden]


class PlainTexts(admin.ModelAdmin):
    """Comes before a `ModelAdmin`: each text field, of its own and of its inlines, refuses hidden characters.

    A class that sets `refuses_hidden` says so itself, among other things that it finds in a text.
    """

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if not getattr(self, "refuses_hidden", False):
            _refuse_in(form)
        return form

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[tuple[Any, Any]]:
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            _refuse_in(formset.form)
            yield formset, inline
