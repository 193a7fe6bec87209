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

# What an admin page writes besides what it is asked to change: the visit, and Django's own log.
ASIDE = {"django_session", "django_admin_log"}
REGISTER = AccessRecord._meta.db_table
DETAIL_LENGTH = 500  # the width of AccessRecord.detail


def subject_of(model: type[models.Model] | models.Model, key: object) -> str:
    """« app.Model key »: what an object is called was typed by somebody, and has no place in the register."""
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
            if "name" in told:  # an inline
                part = f"{told['name']} ({act}{': ' if part else ''}{part})"
            parts.append(part)
    return _cut("; ".join(filter(None, parts)))


def _cut(text: str) -> str:
    return text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"


class Recorded(admin.ModelAdmin):
    """Stands before a `ModelAdmin`: additions, changes, deletions and actions write their lines.

    Django's own hooks for its log are where all of them meet; what an action does without them is recorded by its
    name, one line for each object chosen.
    """

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """With what stood there before, for « Historique », where a class sets `keeps_former_words`: what is edited
        there is said to people, or rules the service. The register takes the names of the fields alone.
        """
        message: Any = super().construct_change_message(request, form, formsets, add)
        if add or not getattr(self, "keeps_former_words", False):
            return message
        before = {str(form.fields[name].label): _in_words(form, name) for name in form.changed_data}
        for entry in message:
            if "changed" in entry and "name" not in entry["changed"] and before:
                entry["changed"]["before"] = before
        return message

    # What waits for a second person is not done, and `Reviewed` has recorded that it was asked.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if is_waiting(request, obj):
            return None
        self._record(request, AccessKind.ADMIN_ADD, [obj.pk], message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        if is_waiting(request, obj):
            message = [entry for entry in message if any("name" in told for told in entry.values())]  # inlines are done
            if not message:
                return None
        self._record(request, AccessKind.ADMIN_CHANGE, [obj.pk], message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Before the deletion, for then the keys are still known: a purge of the same rows at the same moment makes
        PostgreSQL undo one of the two."""
        reviewed: Any = self  # `Reviewed`, which stands behind, asks a second person about some of them
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
    """Return an action that leaves its lines: those of the hooks it calls, else one for each object chosen.

    An action that answers with a page asks its question first: nothing has been done yet. (Had it been,
    `or_undone` would refuse the whole.)
    """

    @wraps(act)
    def recorded(model_admin: Any, request: Any, queryset: models.QuerySet[Any]) -> Any:
        # Before: what the action changes may no longer match, or no longer be there.
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
    """A view in one transaction, which is refused when it wrote a line somewhere and none in the register.

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
    """Return how many lines this connection wrote lately in each table; only differences mean something."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return dict(cursor.fetchall())
