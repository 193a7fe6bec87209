"""This is the admin of places: what comes from the official sources is only read, and what people correct is kept."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from locations import hours
from locations.importing import contacts, formats
from locations.models import (
    Competence,
    DataEdition,
    Municipality,
    Partner,
    PlaceName,
    PostalCode,
    ReceptionPoint,
    UnitAlias,
)
from locations.names import department_of, normalise_name, normalise_place


class DepartmentFilter(admin.AllValuesFieldListFilter):
    """It filters a list by département, and gives a name to click on to what belongs to none."""

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or _("Sans département")}


class ReadOnly(admin.ModelAdmin):
    """It shows facts that only an import changes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PostalCodeInline(ReadOnlyInline):
    model = PostalCode
    fields = ["code", "kind", "label", "is_approximate"]


class PlaceNameInline(ReadOnlyInline):
    model = PlaceName
    fields = ["name", "kind"]


class CompetenceInline(admin.TabularInline):
    """It shows the units of a commune, or the communes of a unit. A row added or changed here waits for a second
    person, and is then kept by imports."""

    model = Competence
    extra = 0
    fields = ["municipality", "reception_point", "source", "edited_by_hand"]
    readonly_fields = ["source"]
    autocomplete_fields = ["municipality", "reception_point"]
    show_change_link = False


def _save_competences(site: Any, request: HttpRequest, formset: Any) -> None:
    """Save the rows of an inline as the form of one row does, which asks a second person (`CompetenceAdmin`). The
    history of the page does not tell as done what waits. Taking a row away is at once."""
    changed = {id(form.instance): form.changed_data for form in formset.forms}
    rows = formset.save(commit=False)
    for row in formset.deleted_objects:
        row.delete()
    for row in rows:
        told = [*CompetenceAdmin.reviewed_fields] if row.pk is None else changed[id(row)]
        site._registry[Competence].save_beside(request, row, told)
    waiting = getattr(request, "waiting_objects", ())
    formset.new_objects = [row for row in formset.new_objects if row not in waiting]
    formset.changed_objects = [(row, names) for row, names in formset.changed_objects if row not in waiting]
    formset.save_m2m()


@admin.register(Municipality)
class MunicipalityAdmin(ReadOnly):
    """Communes are read-only; only the units that answer for them can be corrected."""

    list_display = ["name", "insee_code", "department_name", "codes", "population", "unit_count", "precision"]
    list_filter = ["zone", "kind", "precision", "region_name"]
    search_fields = ["insee_code", "place_names__search", "postal_codes__code"]
    search_help_text = _("Nom, ancien nom, code postal ou code INSEE")
    ordering = ["name"]
    list_per_page = 50
    show_full_result_count = False
    inlines = [PostalCodeInline, PlaceNameInline, CompetenceInline]
    readonly_fields = [
        "insee_code",
        "name",
        "kind",
        "parent",
        "department_code",
        "department_name",
        "region_name",
        "zone",
        "population",
        "latitude",
        "longitude",
        "precision",
    ]
    exclude = ["department_search", "region_code"]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.model is Competence:
            _save_competences(self.admin_site, request, formset)
        else:  # the other parts of the form are read only
            super().save_formset(request, form, formset, change)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Municipality], search_term: str
    ) -> tuple[QuerySet[Municipality], bool]:
        """Search by the comparable form, so that accents and hyphens do not matter."""
        term = normalise_place(search_term) if not search_term.strip().isdigit() else search_term.strip()
        found, has_duplicates = super().get_search_results(request, queryset, f'"{term}"' if term else "")
        return found, has_duplicates

    def get_queryset(self, request: HttpRequest) -> QuerySet[Municipality]:
        queryset = super().get_queryset(request).prefetch_related("postal_codes")
        return queryset.annotate(unit_total=Count("competences", distinct=True))

    @admin.display(description=_("codes postaux"))
    def codes(self, municipality: Municipality) -> str:
        """Return the first four ordinary postal codes of the commune."""
        codes = [code.code for code in municipality.postal_codes.all() if code.kind == PostalCode.Kind.ORDINARY]
        return ", ".join(codes[:4]) + (" …" if len(codes) > 4 else "")

    @admin.display(description=_("unités compétentes"), ordering="unit_total")
    def unit_count(self, municipality: Any) -> int:
        """Return how many units answer for the commune, as the query of the list counted them."""
        return municipality.unit_total


TWO_NUMBERS = 20  # digits


class ContactForm(forms.ModelForm):
    """It edits a unit or a partner: it checks the number and the hours and takes the département from the commune."""

    def clean_telephone(self) -> str:
        """Return one number as an import writes it, because the link on the page dials all of its digits."""
        typed = self.cleaned_data["telephone"]
        if not typed or "telephone" not in self.changed_data:
            return typed
        number = formats.telephone(typed)
        if not number or sum(map(str.isdigit, typed)) >= TWO_NUMBERS:
            raise forms.ValidationError(_("Donnez un seul numéro, sans autre texte : « 01 23 45 67 89 »."))
        return number

    def clean_opening_hours(self) -> object:
        week = self.cleaned_data["opening_hours"]
        if week is None or week == {}:
            return None
        if problem := hours.check_week(week):
            raise forms.ValidationError(problem)
        return week

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        municipality = cleaned.get("municipality")
        if municipality is not None and not cleaned.get("department_code"):
            cleaned["department_code"] = department_of(municipality.pk)
        if (cleaned.get("latitude") is None) != (cleaned.get("longitude") is None):
            self.add_error("longitude", _("Donnez la latitude et la longitude, ou aucune des deux."))
        return cleaned


# These fields say where a person goes: the address, and the position that the way there leads to.
WHERE = ("address", "postal_code", "town", "latitude", "longitude")


class ContactAdmin(admin.ModelAdmin):
    """It shows units or partners. Imports keep what is edited here until « modifié à la main » is unticked."""

    keeps_former_words = True
    # One administrator changes what a person calls, opens or goes to, and another agrees to it (ADR 0054).
    reviewed_fields: tuple[str, ...] = ("telephone", "url", *WHERE)
    reviewed_texts: tuple[str, ...] = ("name",)
    form = ContactForm
    autocomplete_fields = ["municipality"]
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = None
    actions = ["give_back"]
    readonly_fields = ["told_hours", "key", "updated_at"]

    @admin.display(description=_("horaires, en clair"))
    def told_hours(self, contact: Any) -> str:
        """Return the hours as visitors read them, with one line for each group of days."""
        if not contact.hours_in_words:
            return str(_("inconnus"))
        lines = "\n".join(f"{line.days} : {line.hours}" for line in contact.hours_in_words)
        return format_html("<pre>{}</pre>", lines)

    @admin.action(description=_("Rendre aux importations (la prochaine remplacera la fiche)"))
    def give_back(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the next import replace these rows, which an administrator had changed."""
        count = queryset.update(edited_by_hand=False)
        self.message_user(request, _("%(count)d fiches rendues aux importations.") % {"count": count})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not obj.key:
            obj.key = self.new_key(obj)
        # Unticking the box is the one edit that gives the row back.
        if form.changed_data != ["edited_by_hand"] and form.changed_data:
            obj.edited_by_hand = True
        super().save_model(request, obj, form, change)

    def new_key(self, obj: Any) -> str:
        """Return the key under which an import finds a row that is made here."""
        raise NotImplementedError


@admin.register(ReceptionPoint)
class ReceptionPointAdmin(ContactAdmin):
    list_display = [
        "name",
        "force",
        "department_code",
        "town",
        "telephone",
        "knows_hours",
        "source",
        "edited_by_hand",
        "verified_on",
    ]
    list_filter = [
        "force",
        "source",
        "edited_by_hand",
        ("verified_on", admin.EmptyFieldListFilter),
        ("department_code", DepartmentFilter),
    ]
    search_fields = ["name", "town", "public_id", "dila_id", "postal_code"]
    search_help_text = _("Nom, ville, code postal ou identifiant")
    inlines = [CompetenceInline]
    fieldsets = [
        (None, {"fields": ["name", "force", "verified_on", "edited_by_hand"]}),
        (
            _("Où"),
            {"fields": ["address", "postal_code", "town", "municipality", "department_code", "latitude", "longitude"]},
        ),
        (_("Joindre"), {"fields": ["telephone", "url", "opening_hours", "told_hours"]}),
        (_("Origine"), {"fields": ["source", "public_id", "dila_id", "key", "updated_at"], "classes": ["collapse"]}),
    ]

    @admin.display(description=_("horaires"), boolean=True)
    def knows_hours(self, unit: ReceptionPoint) -> bool:
        return unit.opening_hours is not None

    def new_key(self, obj: ReceptionPoint) -> str:
        return _free_key(ReceptionPoint, contacts.unit_key(obj.force, obj.department_code, obj.name))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        _save_competences(self.admin_site, request, formset)


@admin.register(Partner)
class PartnerAdmin(ContactAdmin):
    reviewed_fields = ("telephone", "url", "email", *WHERE)
    reviewed_texts = ("name", "presentation", "hours_note", "telephone_hours")
    list_display = ["name", "kind", "department_code", "town", "telephone", "source", "edited_by_hand", "verified_on"]
    list_filter = [
        "kind",
        "source",
        "edited_by_hand",
        ("verified_on", admin.EmptyFieldListFilter),
        ("department_code", DepartmentFilter),
    ]
    search_fields = ["name", "town", "postal_code"]
    search_help_text = _("Nom, ville ou code postal")
    fieldsets = [
        (None, {"fields": ["name", "kind", "presentation", "verified_on", "edited_by_hand"]}),
        (
            _("Où"),
            {
                "fields": [
                    "address",
                    "postal_code",
                    "town",
                    "municipality",
                    "department_code",
                    "latitude",
                    "longitude",
                    "accessibility",
                ]
            },
        ),
        (
            _("Joindre"),
            {"fields": ["telephone", "telephone_hours", "email", "url", "opening_hours", "told_hours", "hours_note"]},
        ),
        (_("Origine"), {"fields": ["source", "key", "updated_at"], "classes": ["collapse"]}),
    ]

    def new_key(self, obj: Partner) -> str:
        return _free_key(Partner, f"hand:{obj.kind}:{obj.department_code}:{normalise_name(obj.name)}"[:110])


def _free_key(model: type[ReceptionPoint] | type[Partner], key: str) -> str:
    """Return the key itself, or the key with a number when another row has it."""
    number, free = 1, key
    while model.objects.filter(key=free).exists():
        number += 1
        free = f"{key}:{number}"
    return free


@admin.register(Competence)
class CompetenceAdmin(admin.ModelAdmin):
    """It shows which unit answers for a commune. People are sent there, so a second person agrees (ADR 0054)."""

    reviewed_fields = ("municipality", "reception_point")
    list_display = ["municipality", "reception_point", "source", "edited_by_hand"]
    list_filter = ["source", "edited_by_hand", "reception_point__force"]
    search_fields = ["municipality__insee_code", "municipality__name", "reception_point__name"]
    autocomplete_fields = ["municipality", "reception_point"]
    readonly_fields = ["source"]
    list_select_related = ["municipality", "reception_point"]
    list_per_page = 50
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Competence, form: Any, change: bool) -> None:
        if form.changed_data and form.changed_data != ["edited_by_hand"]:
            obj.edited_by_hand = True
        super().save_model(request, obj, form, change)


@admin.register(UnitAlias)
class UnitAliasAdmin(admin.ModelAdmin):
    list_display = ["core", "department_code", "force", "reception_point"]
    list_filter = ["force", ("department_code", DepartmentFilter)]
    search_fields = ["core", "reception_point__name"]
    autocomplete_fields = ["reception_point"]
    list_select_related = ["reception_point"]


@admin.register(DataEdition)
class DataEditionAdmin(ReadOnly):
    list_display = [
        "title",
        "publisher",
        "edition",
        "loaded_at",
        "rows_read",
        "rows_added",
        "rows_changed",
        "rows_kept",
        "rows_refused",
    ]  # the licence and the rows that did not change are in the form: with them the list is wider than 1280 px
    list_filter = ["publisher", "licence"]
