"""Choosing one of thousands of communes or units in the admin, by typing."""

from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.translation import gettext as _


class NamedAutocomplete(AutocompleteSelect):
    """Django's, which has no name for a screen reader while nothing is chosen: what is to be chosen is said there."""

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        attrs = super().build_attrs(base_attrs, extra_attrs=extra_attrs)
        what = self.field.remote_field.model._meta.verbose_name
        return attrs | {"data-placeholder": _("Choisir : %(what)s") % {"what": what}}


class ChoosesByTyping:
    """For a ModelAdmin or an inline: its `autocomplete_fields` with a name."""

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any]", request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            site = self.admin_site  # type: ignore[attr-defined]
            kwargs.setdefault("widget", NamedAutocomplete(db_field, site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
