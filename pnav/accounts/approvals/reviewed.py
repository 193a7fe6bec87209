"""Hold back admin changes that would reach visitors until a second administrator approves them.

`PnavAdminSite` puts `Reviewed` behind `Recorded` and before every class. A class says what asks for it:

- `reviewed_fields`: fields whose new value waits. Emptying one does not: a wrong link must go at once.
- `kept_fields`: those of them of which emptying waits too, because `waits_to_go` asks for them.
- `reviewed_texts`: texts, of which a link or a number that stood in none of them before waits.
- `approved_texts(obj)`: texts that were agreed to elsewhere, such as those of the code.
- `waits_to_go(obj)`: whether deleting it waits.
- `to_verify`: what the page of a proposal asks the second person to verify, where that is no link, number or address.
- `prepare_to_apply(change)`: does what takes long before a change is accepted.

Every way that the admin saves or deletes meets here: forms, editable lists, actions, several rows at once. Whatever
else changes what visitors read asks with `ask_second` (a publication, a switch), and gives an `apply_…` method.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.texts import contacts
from common.texts.text_rows import label_of, place_of, values_of
from pnav.accounts.approval_rules import Act
from pnav.accounts.approvals import actions as approval_actions
from pnav.accounts.models import PendingChange


class Applied:
    """Replaces the form for a `save_model` that asks which fields changed."""

    def __init__(self, changed: list[str]) -> None:
        self.changed_data = changed


class Reviewed(admin.ModelAdmin):
    """Comes before a `ModelAdmin`. Of the attributes above, what the class does not define does not apply."""

    def _said(self, name: str, *arguments: Any) -> Any:
        """Return the attribute of this name, called if it is a function; an empty tuple when the class does not define
        it.
        """
        said = getattr(self, name, ())
        return said(*arguments) if callable(said) else said

    def _field(self, name: str) -> Any:
        return self.opts.get_field(name)

    # --- what asks for a second person ------------------------------------------------------------------------------

    def reasons(self, obj: Any, before: Any) -> list[str]:
        """Return the labels of what must wait; none for a change that is made at once.

        before: the stored row; None for a row that is to be added.
        """
        found = []
        for name in self._said("reviewed_fields"):
            now = getattr(obj, name)
            old = getattr(before, name) if before is not None else self._field(name).get_default()
            if now != old and (now not in ("", None) or (before is not None and name in self._said("kept_fields"))):
                found.append(label_of(self.model, name))
        texts, now = self._said("reviewed_texts"), _values(obj)
        kept = _values(before) if before is not None else {}
        known = [str(kept.get(name) or "") for name in texts]
        known += self._said("approved_texts", obj)
        for name in texts:
            if contacts.new_in(known, [str(now[name] or "")]):
                found.append(label_of(self.model, name))
        return found

    def ask_second(
        self,
        request: HttpRequest,
        obj: Any,
        *,
        act: Act,
        reasons: list[str],
        name: str = "",
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        changed: list[str] | None = None,
    ) -> PendingChange | None:
        """Store the change for a second person, with its lines of the register and of the history.

        name: the object's name before the change. Returns None when somebody else's change of this object waits
        already, which the page then says.
        """
        try:
            return self._propose(
                request, obj, act=act, reasons=reasons, name=name, before=before, after=after, changed=changed
            )
        except approval_actions.Waiting:
            messages.error(request, self._waits_already(None if act == Act.ADD else obj.pk))
            return None

    def _propose(
        self,
        request: HttpRequest,
        obj: Any,
        *,
        act: Act,
        reasons: list[str],
        name: str = "",
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        changed: list[str] | None = None,
    ) -> PendingChange:
        """Store the change as `ask_second` does. Raises approval_actions.Waiting."""
        who: Any = request
        who.waiting_objects = [*getattr(request, "waiting_objects", ()), obj]
        who.is_recorded = True  # in `approvals.actions`; an action that leads here needs no line of its own
        key = None if act == Act.ADD else obj.pk
        change = approval_actions.propose_change(
            label=self.opts.label,
            key=key,
            name=name or str(obj),
            act=act,
            before=before or {},
            after=after or {},
            changed=changed or [],
            reasons=reasons,
            by=who.user,
        )
        if key is not None:
            self._tell(change, who.user, [{"changed": {"fields": [*reasons, str(_("proposé, attend un accord"))]}}])
        text = _(
            "Rien n'a encore changé : « {} » attend la validation d'une deuxième personne, jusqu'au {}. "
            "<a href='{}'>Voir la proposition</a>"
        )
        until = timezone.localtime(change.lapses_at).strftime("%d/%m/%Y %H:%M")
        messages.warning(request, format_html(text, change.name, until, _url(change)))
        return change

    def _waits_already(self, key: object) -> SafeString:
        """Return the message for when somebody else's change of this object waits. One query."""
        first = approval_actions.pending_of(self.opts.label, key, timezone.now())
        url = reverse("admin:accounts_pendingchange_changelist") if first is None else _url(first)
        text = _("Rien n'est enregistré : un changement de cette fiche attend déjà. <a href='{}'>Voyez-le d'abord.</a>")
        return format_html(text, url)

    def _tell(self, change: PendingChange, user: Any, message: list[Any]) -> None:
        """Write a line of the object's history, which both the asker and the decider get."""
        LogEntry.objects.create(
            user_id=user.pk,
            content_type_id=ContentType.objects.get_for_model(self.model).pk,
            object_id=change.object_id,
            object_repr=change.name,
            action_flag=CHANGE,
            change_message=json.dumps(message, cls=DjangoJSONEncoder),
        )

    # --- the ways of the admin --------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        kept = self._kept(obj) if change else None
        reasons = self.reasons(obj, kept)
        if not reasons:
            super().save_model(request, obj, form, change)
            return
        before, after = _values(kept) if kept is not None else {}, _values(obj)
        if kept is not None:
            after = {name: value for name, value in after.items() if _lines(value) != _lines(before[name])}
            before = {name: before[name] for name in after}
        self._propose(
            request,
            obj,
            act=Act.CHANGE if change else Act.ADD,
            name=str(kept if kept is not None else obj),
            reasons=reasons,
            before=before,
            after=after,
            changed=list(form.changed_data),
        )

    def save_beside(self, request: HttpRequest, row: Any, changed: list[str]) -> None:
        """Save a row of this class that an inline of another page holds, as its own form would.

        When somebody else's change of it waits already, a message says so and the row stays as it is, because the rest
        of the page is saved by then.

        changed: names of the fields that changed.
        """
        try:
            self.save_model(request, row, Applied(changed), change=row.pk is not None)
        except approval_actions.Waiting:
            first = approval_actions.pending_of(self.opts.label, row.pk, timezone.now())
            url = reverse("admin:accounts_pendingchange_changelist") if first is None else _url(first)
            text = _(
                "La ligne « {} » reste comme avant : un changement attend déjà. <a href='{}'>Voyez-le d'abord.</a>"
            )
            messages.error(request, format_html(text, first.name if first else row, url))

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Serve the form as Django does; draw it again, with what was typed, when its change cannot wait.

        A change cannot wait when somebody else's waits already. The transaction is then undone, and the same form is
        read once more and has an error.
        """
        try:
            return super().changeform_view(request, *args, **options)
        except approval_actions.Waiting:
            who: Any = request
            who.waiting_objects, who.is_recorded, who.is_refused = [], False, True
            return super().changeform_view(request, *args, **options)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form_class: Any = super().get_form(request, obj, change=change, **options)
        if not getattr(request, "is_refused", False) or obj is None:
            return form_class
        error = self._waits_already(obj.pk)

        def clean(form: Any) -> Any:
            cleaned = form_class.clean(form)
            form.add_error(None, error)
            return cleaned

        return type(form_class.__name__, (form_class,), {"clean": clean})

    def _kept(self, obj: Any) -> Any:
        """Return the stored row; an empty one where a class shows what is not saved yet."""
        row = self.model._default_manager.filter(pk=obj.pk).first()
        return row if row is not None else self.model(pk=obj.pk)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Leave out the inlines of a row that waits to be added, and say so. They can be added once the row exists."""
        if not change and form.instance in getattr(request, "waiting_objects", ()):
            if any(formset.has_changed() for formset in formsets):
                messages.warning(request, _("Les lignes liées ne sont pas gardées : ajoutez-les après l'accord."))
            return
        super().save_related(request, form, formsets, change)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        if add and form.instance in getattr(request, "waiting_objects", ()):
            formsets = []
        return super().construct_change_message(request, form, formsets, add)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self._leave(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._leave(request, obj) or super().response_change(request, obj)

    def _leave(self, request: HttpRequest, obj: Any) -> HttpResponse | None:
        if obj not in getattr(request, "waiting_objects", ()):
            return None
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def without_waiting(self, request: HttpRequest, rows: Any) -> Any:
        """Return the rows that can be deleted at once, and ask a second person about the others."""
        at_once = []
        for row in rows:
            if self._said("waits_to_go", row):
                self.ask_second(request, row, act=Act.DELETE, reasons=[str(_("suppression"))], before=_values(row))
            else:
                at_once.append(row)
        return at_once

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        if obj not in getattr(request, "waiting_objects", ()):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        waiting = [row.pk for row in getattr(request, "waiting_objects", ())]
        super().delete_queryset(request, queryset.exclude(pk__in=waiting))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        if getattr(request, "waiting_objects", ()):
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        return super().response_delete(request, obj_display, obj_id)

    def message_user(
        self, request: HttpRequest, message: Any, level: Any = messages.INFO, *args: Any, **options: Any
    ) -> None:
        """Suppress the message of success when something waits: Django's action counts every chosen row as deleted."""
        if level == messages.SUCCESS and getattr(request, "waiting_objects", ()):
            return
        super().message_user(request, message, level, *args, **options)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> HttpResponse:
        if request.method == "GET" and self.is_reviewed:
            waiting = approval_actions.pending_of(self.opts.label, unquote(object_id), timezone.now())
            if waiting is not None:
                text = _(
                    "{} a proposé un changement de cette fiche : il attend une deuxième personne. "
                    "<a href='{}'>Le voir</a>"
                )
                messages.warning(request, format_html(text, waiting.asked_by, _url(waiting)))
        return super().change_view(request, object_id, *args, **options)

    @property
    def is_reviewed(self) -> bool:
        """Return whether anything of this class may wait for a second person."""
        return any(hasattr(self, name) for name in ("reviewed_fields", "reviewed_texts", "apply_publish"))

    # --- what was accepted ------------------------------------------------------------------------------------------

    def prepare(self, change: PendingChange) -> None:
        """Do what takes long before the change is accepted, while nothing is locked. Raises what the class raises."""
        self._said("prepare_to_apply", change)

    def apply(self, request: HttpRequest, change: PendingChange) -> None:
        """Make a change that was accepted, as the form would have, in the caller's transaction.

        Raises approvals.Moved when what it was made from is not there any more, ValidationError when the values are not
        allowed by now.
        """
        if change.act == Act.PUBLISH:
            self._said("apply_publish", request, change)
        elif change.act == Act.DELETE:
            row = self._proposed_row(change)
            super().log_deletions(request, self.model._default_manager.filter(pk=row.pk))
            super().delete_model(request, row)
        else:
            self._save_accepted(request, change)

    def _save_accepted(self, request: HttpRequest, change: PendingChange) -> None:
        is_change = change.act == Act.CHANGE
        row = self._proposed_row(change) if is_change else self.model()
        fields = {field.name for field in self.opts.get_fields()}
        if any(place_of(self.model, name) is None and name not in fields for name in change.after):
            raise approval_actions.Moved  # it was proposed in the next version, which has more fields
        for name, value in change.after.items():
            if place_of(self.model, name) is not None:
                row.set_texts({name: value})
                continue
            field = self._field(name)
            setattr(row, field.attname, field.to_python(value))
        # As with the form, a value that it does not hold is set by `save_model` or stays unchanged.
        row.full_clean(exclude=[field.name for field in self.opts.fields if field.name not in change.changed])
        super().save_model(request, row, Applied(change.changed), is_change)
        labels = [label_of(self.model, name).capitalize() for name in change.after]
        asked = str(_("proposé par %(who)s, accepté") % {"who": change.asked_by})
        former = {label: _shown(value) for label, value in zip(labels, change.before.values(), strict=False)}
        if is_change:
            admin.ModelAdmin.log_change(
                self, request, row, [{"changed": {"fields": [*labels, asked], "before": former}}]
            )
        else:
            change.object_id = str(row.pk)
            change.save(update_fields=["object_id"])
            admin.ModelAdmin.log_addition(self, request, row, [{"added": {}}, {"changed": {"fields": [asked]}}])

    def _proposed_row(self, change: PendingChange) -> Any:
        """Return the row that the proposal changes, locked.

        Raises approval_actions.Moved when the fields have other values than at the proposal.
        """
        locked = self.model._default_manager.select_for_update(of=("self",)).filter(pk=change.object_id).first()
        row = locked if locked is not None else self.get_object(_nobody(), change.object_id)
        if row is None:
            raise approval_actions.Moved
        now = json.loads(json.dumps(_values(row), cls=DjangoJSONEncoder))
        if any(now.get(name) != value for name, value in change.before.items()):
            raise approval_actions.Moved
        return row


def _nobody() -> HttpRequest:
    return HttpRequest()


def _values(row: models.Model) -> dict[str, Any]:
    """Return the values that a form sets, by field name, and the row's texts in several languages, by their names.

    Values that Django sets by itself are left out.
    """
    fields = {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not isinstance(field, models.AutoField)
        and not getattr(field, "auto_now", False)
        and not getattr(field, "auto_now_add", False)
    }
    return fields | values_of(row)


def _lines(value: Any) -> Any:
    """Return a text with one character at the end of each line. Browsers send two, and that alone is no change."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _shown(value: Any) -> str:
    """Return a stored value as it is shown."""
    if isinstance(value, bool):
        return str(_("oui") if value else _("non"))
    return "" if value is None else str(value)


def _url(change: PendingChange) -> str:
    return reverse("admin:accounts_pendingchange_change", args=[change.pk])
