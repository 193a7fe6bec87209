"""Restrict the lists of the admin to the filters that they show and to searches of a few words.

Django lets an address filter a list by any local field, whether or not a filter of the page offers it: by the first
signs of a secret, one after the other, or across tables (`agent__assigned__id__gt`). Here only the addresses that the
filters of the page themselves make are answered.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin import ListFilter
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, QuerySet
from django.http import HttpRequest

# Suffixes that Django's own filters add to the name of their field: for a choice, a relation, a boolean, a span of
# dates.
SUFFIXES = (
    "", "__exact", "__isnull", "__isempty", "__id__exact", "__pk__exact", "__in", "__gte", "__lt",
    "__year", "__month", "__day",
)  # fmt: skip
SEARCH_MAX_LENGTH = 200  # characters; the rest of a longer search is not read
SEARCH_MAX_WORDS = 8  # each is looked for in every field of the list's `search_fields`


def _can_read(field: "Field[Any, Any]", value: object) -> bool:
    if isinstance(field, DateTimeField | ArrayField):
        return False
    try:
        field.to_python(value)
    except ValidationError:
        return False
    return True


class Bounded(admin.ModelAdmin):
    """Comes before a `ModelAdmin`: an address can only filter by what the page offers, and a search has a bounded
    length.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether a filter of this list makes such a lookup; what the class itself allows must allow it too."""
        names = {str(self.date_hierarchy)} if self.date_hierarchy else set()
        for entry in self.get_list_filter(request):
            if isinstance(entry, str):
                names.add(entry)
            elif isinstance(entry, list | tuple):
                names.add(str(entry[0]))
            elif isinstance(entry, type) and issubclass(entry, ListFilter):
                names.add(str(getattr(entry, "parameter_name", "")))
        offered = {name + suffix for name in names if name for suffix in SUFFIXES}
        return lookup in offered and super().lookup_allowed(lookup, value, request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the initial values that the address gives a new object: only values that their fields can read, and no
        moments or lists.

        Django draws a moment in two fields and expects a datetime, reads a list as JSON of any depth, and looks a key
        up in the database before it is checked. A text in the address (`?starts_at=x`) would therefore be an error of
        the server.
        """
        fields = {field.name: field for field in self.model._meta.fields}
        initial = super().get_changeform_initial_data(request)
        return {name: value for name, value in initial.items() if name not in fields or _can_read(fields[name], value)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term[:SEARCH_MAX_LENGTH].split()[:SEARCH_MAX_WORDS]
        return super().get_search_results(request, queryset, " ".join(words))
