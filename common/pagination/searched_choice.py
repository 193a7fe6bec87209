"""Fields of the admin that lead to one of many rows: a search in place of a list of them all (docs/adr/0140).

Django's `autocomplete_fields` needs a script. Without one it offers only what is chosen already. So a field for the
row's number stands beside it in <noscript>, with a link to the list in which rows are searched.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteMixin, AutocompleteSelect, AutocompleteSelectMultiple
from django.db.models import ForeignKey, ManyToManyField, Model
from django.forms import Media
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

NUMBER = "-number"  # stands after the name of a field, for what is typed where no script runs
TEMPLATE = "admin/widgets/searched_choice.html"
ROWS_AT_MOST = 100  # how many numbers of one field are read
DIGITS_AT_MOST = 18  # the most digits of a number; every key has fewer


class LabelledSearch(AutocompleteJsonView):
    """Answers a search with what an admin class calls its rows (`searched_label`), when their own name is not enough to
    tell one from another.
    """

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        label = getattr(self.model_admin, "searched_label", str)
        return super().serialize_result(obj, to_field_name) | {"text": label(obj)}


class _Numbered(AutocompleteMixin):
    """Draws the search, and in <noscript> a field for numbers."""

    label = _("Sans script : le numéro, qui est dans l'adresse de sa page.")
    length_at_most = DIGITS_AT_MOST

    @property
    def media(self) -> Media:
        """Return what Django's search needs, and the script that names its parts for screen readers."""
        return super().media + Media(js=["pnav/admin-search.js"])

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        meta = self.field.remote_field.model._meta
        context: dict[str, Any] = super().get_context(name, value, attrs)  # type: ignore[misc]  # that of the select
        context["widget"]["number"] = {
            "name": name + NUMBER,
            "id": f"id_{name}{NUMBER}",
            "label": self.label,
            "length_at_most": self.length_at_most,
            "list": reverse(f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_changelist"),
            "search": _("Chercher dans la liste"),
        }
        return context

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        """Return what is chosen. Anything that is no number has an error beside the field, and no row to ask for."""
        # Python refuses to read a number of very many digits.
        words = [one for one in value if len(str(one)) <= DIGITS_AT_MOST]
        numbers = [one for one in words if str(one).isascii() and str(one).isdecimal()]
        return super().optgroups(name, numbers, attrs)


class SearchedSelect(_Numbered, AutocompleteSelect):
    """One row. A number that was typed counts, in place of what was chosen before."""

    template_name = TEMPLATE

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name + NUMBER, "").strip() or super().value_from_datadict(data, files, name)


class SearchedSelectMultiple(_Numbered, AutocompleteSelectMultiple):
    """Several rows. Numbers that were typed, between commas, are added to what was chosen."""

    template_name = TEMPLATE
    label = _("Sans script : les numéros à ajouter, entre des virgules. Chacun est dans l'adresse de sa page.")
    length_at_most = ROWS_AT_MOST * (DIGITS_AT_MOST + len(", "))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed = data.get(name + NUMBER, "").replace(",", " ").split()[:ROWS_AT_MOST]
        return [*(super().value_from_datadict(data, files, name) or ()), *typed]


class SearchesChoices(admin.options.BaseModelAdmin):
    """Comes before an admin class or an inline with `autocomplete_fields`, and draws them so that they also work
    without a script.
    """

    def formfield_for_foreignkey(self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchedSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: "ManyToManyField[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", SearchedSelectMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)
