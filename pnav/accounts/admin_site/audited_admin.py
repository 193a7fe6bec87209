"""Record every change made in the admin in the audit log, in the same transaction, or refuse it.

`PnavAdminSite` puts `Recorded` before every class it registers and `or_undone` around every view it serves, so that
no `ModelAdmin` can forget.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord, Motive

# Tables that a page of the admin writes besides what it is asked to change: sessions, and Django's own log.
ASIDE = {"django_session", "django_admin_log"}
REGISTER = AccessRecord._meta.db_table
DETAIL_LENGTH = 500  # the width of AccessRecord.detail


def subject_of(model: type[models.Model] | models.Model, key: object) -> str:
    """Return « app.Model key ». The name of an object was typed by somebody, and must not enter the register."""
    return f"{model._meta.label} {key}"


def fields_of(message: object) -> str:
    """Return the labels of the fields that changed, from the message Django makes for its log; never a value.

    message: a list of {"added" | "changed" | "deleted": {"name": …, "object": …, "fields": [labels]}}. Anything else
    is a text of which nothing is known, and is left out.
    """
    if not isinstance(message, list):
        return ""
    parts = []
    for entry in message:
        for act, told in entry.items():
            part = ", ".join(str(label) for label in told.get("fields", []))
            if "name" in told:  # the entry is of an inline
                part = f"{told['name']} ({act}{': ' if part else ''}{part})"
            parts.append(part)
    return _cut("; ".join(filter(None, parts)))


def _cut(text: str) -> str:
    return text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"


class Recorded(admin.ModelAdmin):
    """Comes before a `ModelAdmin` and records additions, changes, deletions and actions.

    Django's own hooks for its log are where all of them meet; what an action does without them is recorded by its
    name, one line for each object chosen.
    """

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Add the former values for « Historique », where a class sets `keeps_former_words`.

        These classes edit what is said to people or what rules the service. The register gets only the names of the
        fields.
        """
        message: Any = super().construct_change_message(request, form, formsets, add)
        if add or not getattr(self, "keeps_former_words", False):
            return message
        before = {str(form.fields[name].label): _in_words(form, name) for name in form.changed_data}
        for entry in message:
            if "changed" in entry and "name" not in entry["changed"] and before:
                entry["changed"]["before"] = before
        return message

    # A change that waits for a second person is not made yet, and `Reviewed` has already recorded the request.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if is_waiting(request, obj):
            return None
        self._record(request, AccessKind.ADMIN_ADD, [obj.pk], message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if is_waiting(request, obj):
            # Entries of inlines were handled above.
            message = [entry for entry in message if any("name" in told for told in entry.values())]
            if not message:
                return None
        self._record(request, AccessKind.ADMIN_CHANGE, [obj.pk], message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Record deletions before they happen, while the keys are still known.

        A purge of the same rows at the same moment makes PostgreSQL roll back one of the two.
        """
        reviewed: Any = self  # `Reviewed` comes later and asks a second person about some of them
        queryset = reviewed.without_waiting(request, queryset)
        self._record(request, AccessKind.ADMIN_DELETE, [obj.pk for obj in queryset])
        return super().log_deletions(request, queryset)

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Any]:
        actions = super().get_actions(request, action_location=action_location)
        return {name: replace(act, func=_recorded(act.func, name)) for name, act in actions.items() if act}

    def _record(self, request: Any, kind: str, keys: Iterable[object], message: object = None) -> None:
        detail = getattr(request, "admin_action", "") or fields_of(message)
        subjects = [subject_of(self.model, key) for key in keys]
        audit_log.record_many(
            kind=kind, by=request.user, motive=Motive.ADMINISTRATION, subjects=subjects, detail=detail
        )
        request.is_recorded = True


def is_waiting(request: HttpRequest, obj: Any) -> bool:
    """Return whether this object's change waits for a second person (`reviewed`)."""
    return obj in getattr(request, "waiting_objects", ())


def _in_words(form: Any, name: str) -> str:
    """Return the value that a field began with, as its form shows it."""
    value = form.initial.get(name)
    choices = dict(getattr(form.fields[name], "choices", ()))
    if value in choices:
        return str(choices[value])
    if isinstance(value, bool):
        return str(_("oui") if value else _("non"))
    return "" if value is None else str(value)


def _recorded(act: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return an action that records itself: by the hooks that it calls, else by one line for each chosen object.

    An action that answers with a page asks its question first, and has changed nothing yet. (If it had, `or_undone`
    would refuse the whole.)
    """

    @wraps(act)
    def recorded(model_admin: Any, request: Any, queryset: models.QuerySet[Any]) -> Any:
        # The keys are read first, because afterwards the rows may no longer match the filter or may be gone.
        chosen = list(queryset.values_list("pk", flat=True))
        request.admin_action, request.is_recorded = name, False
        answer = act(model_admin, request, queryset)
        if not request.is_recorded and not isinstance(answer, TemplateResponse):
            model_admin._record(request, AccessKind.ADMIN_ACTION, chosen)
        request.admin_action = ""
        return answer

    return recorded


# --- around every view ----------------------------------------------------------------------------------------------

WRITTEN = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"


def or_undone(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run a view in one transaction, and refuse it when it wrote a row somewhere and no line of the register.

    PostgreSQL itself counts what a transaction writes, whatever wrote it. Raises register.Unrecorded.
    """

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            before = _written()
            answer = view(request, *args, **kwargs)
            grown = {table for table, count in _written().items() if count > before.get(table, 0)} - ASIDE
            if grown and REGISTER not in grown:
                raise audit_log.Unrecorded(f"written in the admin without a line: {', '.join(sorted(grown))}")
        return answer

    return inner


def _written() -> dict[str, int]:
    """Return how many rows this connection wrote lately in each table. Only differences between two readings mean
    something.
    """
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return dict(cursor.fetchall())
