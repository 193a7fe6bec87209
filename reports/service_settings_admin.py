"""This is the page « Règles du service » of the admin: all service settings, a preview of changes, and their
history."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from common.service_settings import definitions
from common.service_settings import values as setting_values
from common.service_settings.definitions import SETTINGS, Setting, Subject, Together
from common.service_settings.models import HouseRule
from common.service_settings.values import Change

HISTORY_SHOWN = 200


class RulesForm(forms.Form):
    """It is a form with one whole number for each service setting, by key."""

    def __init__(self, data: Any = None, *, now: Mapping[str, int]) -> None:
        super().__init__(data, initial=dict(now), use_required_attribute=True)
        self.now = now
        for rule in SETTINGS:
            self.fields[rule.key] = _field(rule)
        wrong = [rule.key for rule in SETTINGS if rule.key in self.errors]
        for key in wrong:
            self.fields[key].widget.attrs["aria-describedby"] = f"erreur_{key} aide_{key}"
        for key in wrong[:1]:
            self.fields[key].widget.attrs["autofocus"] = True

    def clean(self) -> dict[str, Any]:
        """Check the conditions between settings; an error is put beside the number that was changed."""
        cleaned = super().clean() or {}
        values = {rule.key: cleaned.get(rule.key, self.now[rule.key]) for rule in SETTINGS}
        for one in definitions.broken(values):
            if not self.errors.keys() & {one.lower.key, one.upper.key}:
                self.add_error(self._blamed(one, values).key, _said(one, values))
        return cleaned

    def _blamed(self, one: Together, values: Mapping[str, int]) -> Setting:
        is_lower_same = values[one.lower.key] == self.now[one.lower.key]
        return one.upper if is_lower_same else one.lower

    @property
    def changes(self) -> list[Change]:
        """Return the changes of a valid form."""
        pairs = [(rule, self.now[rule.key], self.cleaned_data[rule.key]) for rule in SETTINGS]
        return [Change(rule, before, after) for rule, before, after in pairs if before != after]


def _field(rule: Setting) -> forms.IntegerField:
    bounds = {"least": rule.least, "most": rule.most}
    said = _("Écrivez un nombre entier, de %(least)s à %(most)s.") % bounds
    # It is a text field with our own error messages, because a number field does not send what was typed wrong.
    attrs = {"class": "vIntegerField", "inputmode": "numeric", "autocomplete": "off"}
    return forms.IntegerField(
        label=str(rule.label),
        widget=forms.TextInput(attrs=attrs | {"aria-describedby": f"aide_{rule.key}"}),
        validators=[MinValueValidator(rule.least, said), MaxValueValidator(rule.most, said)],
        error_messages={"required": said, "invalid": said},
    )


def _said(one: Together, values: Mapping[str, int]) -> str:
    """Return the reason of a condition, and the two numbers that contradict it."""
    parts = {
        "why": one.why,
        "lower": one.lower.label,
        "upper": one.upper.label,
        "low": one.lower.words(values[one.lower.key]),
        "high": one.upper.words(values[one.upper.key]),
    }
    return _("%(why)s Ici : « %(lower)s » à %(low)s, « %(upper)s » à %(high)s.") % parts


@dataclass(frozen=True, slots=True)
class Row:
    """It is a service setting as the page shows it."""

    rule: Setting
    field: forms.BoundField
    now: int
    default: int

    @property
    def is_set(self) -> bool:
        """Return whether the setting has another value than its default."""
        return self.now != self.default

    @property
    def unit_words(self) -> str:
        """Return the unit as it follows the number."""
        return self.rule.words(self.now).removeprefix(str(self.now)).strip()

    @property
    def default_words(self) -> str:
        """Return the default value, with its unit."""
        return self.rule.words(self.default)

    @property
    def says(self) -> str:
        """Return the setting in a sentence, with its present value."""
        return self.rule.says(self.now)


def _groups(form: RulesForm) -> list[tuple[str, list[Row]]]:
    rows = [Row(rule, form[rule.key], form.now[rule.key], setting_values.default_of(rule)) for rule in SETTINGS]
    return [(str(subject.label), [row for row in rows if row.rule.subject == subject]) for subject in Subject]


def _meant(request: HttpRequest, now: Mapping[str, int]) -> tuple[Any, bool]:
    """Return the numbers that the sender means, and whether somebody else has changed one of the same numbers.

    The page sends every number. Those that are as it showed them (`before_…`) were not changed, and are replaced by the
    present values. The number whose button « Revenir » was pressed is replaced by its default.
    """
    data, is_moved = request.POST.copy(), False
    back = definitions.BY_KEY.get(data.get("back_to_default", ""))
    if back is not None:
        data[back.key] = str(setting_values.default_of(back))
    for rule in SETTINGS:
        current, shown = str(now[rule.key]), data.get(f"before_{rule.key}")
        if shown is None or shown == current:
            continue
        if data.get(rule.key, "").strip() == shown:
            data[rule.key] = current
        else:
            is_moved = True
    return data, is_moved


@admin.register(HouseRule)
class HouseRuleAdmin(admin.ModelAdmin):
    """It is the admin of service settings, whose list is the form. Rows are added, changed and deleted only by it."""

    fields = readonly_fields = ("key", "value")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: HouseRule | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: HouseRule | None = None) -> bool:
        return False

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Return the permissions for the admin's lists: who may see the numbers may change them on their page."""
        perms: dict[str, bool] = super().get_model_perms(request)
        return {**perms, "change": perms["view"]}

    def get_urls(self) -> list[Any]:
        own = [path("changements/", self.admin_site.admin_view(self.changes), name="reports_houserule_changes")]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the numbers (GET) or what would change (POST); with `save` change them, with `edit` show the form."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = setting_values.all_values()
        if request.method != "POST":
            return self._form(request, RulesForm(now=now))
        data, is_moved = _meant(request, now)
        form = RulesForm(data, now=now)
        if not form.is_valid() or "edit" in request.POST:
            return self._form(request, form)
        if not form.changes:
            messages.info(request, _("Rien ne change : tous les nombres sont déjà ceux-là."))
            return redirect("admin:reports_houserule_changelist")
        if "save" not in request.POST or is_moved:
            return self._preview(request, form, is_moved=is_moved)
        return self._save(request, form)

    def _save(self, request: HttpRequest, form: RulesForm) -> HttpResponse:
        """Save the changes that the preview showed, and nothing else."""
        try:
            setting_values.change(form.changes)
        except (setting_values.ChangedMeanwhile, setting_values.CannotHoldTogether):
            # Somebody else has committed a change meanwhile, so the values are read and the preview is shown again.
            now = setting_values.all_values()
            again = RulesForm(_meant(request, now)[0], now=now)
            if not again.is_valid() or not again.changes:
                return self._form(request, again)
            return self._preview(request, again, is_moved=True)
        for one in form.changes:
            row = HouseRule(key=one.rule.key, value=one.after)
            self.log_change(request, row, [{"changed": {"fields": [one.words]}}])
        count = len(form.changes)
        messages.success(
            request,
            _("Une règle changée. Elle vaut partout d'ici une demi-minute.")
            if count == 1
            else _("%(count)s règles changées. Elles valent partout d'ici une demi-minute.") % {"count": count},
        )
        return redirect("admin:reports_houserule_changelist")

    def _form(self, request: HttpRequest, form: RulesForm) -> HttpResponse:
        named = [(rule, form.errors[rule.key]) for rule in SETTINGS if rule.key in form.errors]
        return self._page(request, "house", form=form, groups=_groups(form), named_errors=named)

    def _preview(self, request: HttpRequest, form: RulesForm, *, is_moved: bool = False) -> HttpResponse:
        sent = [(rule.key, form.cleaned_data[rule.key], form.now[rule.key]) for rule in SETTINGS]
        return self._page(request, "house_preview", changes=_sentences(form.changes), sent=sent, is_moved=is_moved)

    def changes(self, request: HttpRequest) -> HttpResponse:
        """Show who changed what and when, the last change first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(HouseRule))
        rows = entries.select_related("user").order_by("-action_time", "-pk")[:HISTORY_SHOWN]
        return self._page(request, "house_changes", rows=rows, most=HISTORY_SHOWN)

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        titles = {
            "house": _("Règles du service"),
            "house_preview": _("Ce qui va changer"),
            "house_changes": _("Qui a changé les règles du service"),
        }
        frame = {**self.admin_site.each_context(request), "title": titles[template], "opts": self.opts}
        frame["list_url"] = reverse("admin:reports_houserule_changelist")
        answer = TemplateResponse(request, f"admin/reports/{template}.html", frame | context)
        answer["Cache-Control"] = "no-store"
        return answer


@dataclass(frozen=True, slots=True)
class Sentence:
    """It is a change as the preview shows it."""

    change: Change

    @property
    def before(self) -> str:
        """Return the former value, with its unit."""
        return self.change.rule.words(self.change.before)

    @property
    def after(self) -> str:
        """Return the new value, with its unit."""
        return self.change.rule.words(self.change.after)

    @property
    def says(self) -> str:
        """Return the setting in a sentence, with its new value."""
        return self.change.rule.says(self.change.after)

    @property
    def is_default(self) -> bool:
        """Return whether the new value is the default."""
        return self.change.after == setting_values.default_of(self.change.rule)


def _sentences(changes: Iterable[Change]) -> list[Sentence]:
    return [Sentence(change) for change in changes]
