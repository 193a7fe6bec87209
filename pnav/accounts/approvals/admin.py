"""« Changements proposés »: the changes that wait for a second person, with the present and the proposed values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import DateTimeField, UUIDField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from common import dates
from common.choices import read_choice
from common.texts import contacts
from common.texts.text_rows import WithTexts, label_of
from pnav.accounts.approval_rules import Act, State
from pnav.accounts.approvals import actions as approval_actions
from pnav.accounts.models import PendingChange, User
from triage.versions import NotNow, Refused

ACCEPT, REFUSE, WITHDRAW = "accept", "refuse", "withdraw"


class DecisionForm(forms.Form):
    """It is the decision of a second person. A refusal needs a reason, for the asker."""

    decision = forms.ChoiceField(choices=[(one, one) for one in (ACCEPT, REFUSE, WITHDRAW)])
    motive = forms.CharField(
        label=gettext_lazy("Motif d'un refus, ou remarque"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("decision") == REFUSE and not cleaned.get("motive"):
            self.add_error("motive", _("Écrivez pourquoi vous refusez : votre collègue le lira."))
        return cleaned


class PendingChangeAdmin(admin.ModelAdmin):
    """Shows proposals, which are decided here and written by the pages that propose."""

    list_display = ("name", "kind", "act", "state_now", "asked_by", "lapses_at", "decided_by")
    list_filter = ("state", "act")
    list_select_related = ("asked_by", "decided_by")
    fields = ("kind", "act", "state_now", "asked_by", "asked_at", "lapses_at", "decided_by", "decided_at", "motive")
    readonly_fields = fields
    change_form_template = "admin/accounts/pendingchange/change_form.html"

    @admin.display(description=gettext_lazy("sorte"))
    def kind(self, change: PendingChange) -> str:
        """Return what kind of object would change."""
        return str(_model(change)._meta.verbose_name)

    @admin.display(description=gettext_lazy("état"))
    def state_now(self, change: PendingChange) -> str:
        """Return where the change stands now: one that nobody answered in time has lapsed, whatever its row says."""
        return str(_state(change).label)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PendingChange | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PendingChange | None = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.decide_view)
        return [path("<int:number>/decider/", view, name="accounts_pendingchange_decide"), *super().get_urls()]

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        change: PendingChange | None = kwargs.get("obj")
        if change is not None:
            now = timezone.now()
            is_open = _state(change) == State.PENDING
            context |= {
                "proposal": change,
                "title": change.name,
                "rows": _rows(change, self._fields_of(request, change)),
                "to_verify": getattr(self._owner(change), "to_verify", ""),
                "leads_to": _leads_to(change),
                "state": _state(change),
                **(_deciding(change, request.user, now) if is_open else {}),
                "decision": context.get("decision") or DecisionForm(),
                "is_deletion": change.act == Act.DELETE,
                "object_url": _object_url(change),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    @method_decorator(require_POST)
    def decide_view(self, request: Any, number: int) -> HttpResponse:
        """Accept, refuse or withdraw a proposal. The page that follows says where it stands."""
        change = PendingChange.objects.filter(pk=number).first()
        if change is None:
            raise Http404
        if not self.has_view_permission(request, change):
            raise PermissionDenied
        form = DecisionForm(request.POST)
        if not form.is_valid():
            request.method = "GET"  # the page again, with what is missing beside its field
            return self.changeform_view(request, str(number), extra_context={"decision": form})
        try:
            self._decide(request, change, form.cleaned_data["decision"], form.cleaned_data["motive"])
        except approval_actions.Over:
            messages.error(request, _("Rien n'a changé : quelqu'un a décidé entre-temps, ou le délai est passé."))
        except approval_actions.NotYours:
            messages.error(request, _("Ce n'est pas à vous de décider de cette proposition."))
        except approval_actions.AskerLeft:
            messages.error(
                request,
                _("Rien n'a changé : la personne qui l'a proposé n'administre plus le site. Refusez la proposition."),
            )
        except NotNow:
            messages.error(
                request,
                _("Rien n'a changé : la vérification n'a pas pu se faire maintenant. Réessayez dans une minute."),
            )
        except (approval_actions.Moved, Refused):
            messages.error(
                request,
                _("Rien n'a changé : la fiche n'est plus celle de la proposition. Refusez-la, puis refaites-la."),
            )
        except ValidationError as error:
            messages.error(request, _("Rien n'a changé : %(why)s") % {"why": " ".join(error.messages)})
        return HttpResponseRedirect(reverse("admin:accounts_pendingchange_change", args=[number]))

    def _owner(self, change: PendingChange) -> Any:
        site: Any = self.admin_site
        return site._registry[_model(change)]

    def _fields_of(self, request: HttpRequest, change: PendingChange) -> list[str]:
        """Return the names of the fields and texts of the object, in the order of the form that adds one."""
        model = _model(change)
        form = flatten_fieldsets(self._owner(change).get_fieldsets(request))
        texts = model.text_places() if issubclass(model, WithTexts) else ()
        return list(dict.fromkeys([*form, *(field.name for field in model._meta.concrete_fields), *texts]))

    def _decide(self, request: Any, change: PendingChange, decision: str, motive: str) -> None:
        if decision == ACCEPT:
            owner = self._owner(change)
            owner.prepare(change)
            approval_actions.accept_change(
                change_id=change.pk,
                by=request.user,
                motive=motive,
                apply=lambda locked: owner.apply(request, locked),
            )
            messages.success(request, _("Accepté : le changement est fait."))
        elif decision == REFUSE:
            approval_actions.refuse_change(change_id=change.pk, by=request.user, motive=motive)
            messages.success(request, _("Refusé : rien ne change. Votre collègue lit votre motif."))
        else:
            approval_actions.withdraw_change(change_id=change.pk, by=request.user)
            messages.success(request, _("Proposition retirée."))


def _deciding(change: PendingChange, reader: User, now: datetime) -> dict[str, Any]:
    """Return what the page of an open proposal says of who may decide, and from when on: its names in the template.

    may_accept, may_refuse, may_withdraw: what the reader may do. has_asker: the asker still administers the site.
    own_at: when a reader who is too close to the asker may decide. others_at: when the first administrator besides the
    asker may; None if there is none. is_decidable: one may now. is_too_late: nobody may before the proposal lapses.
    """
    others_at = approval_actions.decidable_at(change, now)
    is_asker, has_asker = change.asked_by_id == reader.pk, approval_actions.has_asker(change)
    own_at = None if is_asker or not has_asker else approval_actions.apart_at(change.asked_by, reader, now)
    return {
        "may_accept": approval_actions.may_accept(change, reader, now),
        "may_refuse": approval_actions.may_refuse(change, reader, now),
        "may_withdraw": is_asker,
        "has_asker": has_asker,
        "own_at": own_at if own_at is not None and own_at > now else None,
        "others_at": others_at,
        "is_decidable": others_at is not None and others_at <= now,
        "is_too_late": others_at is not None and others_at >= change.lapses_at,
        "apart_days": approval_actions.APART.days,
    }


def _model(change: PendingChange) -> Any:
    return apps.get_model(change.model)


def _state(change: PendingChange) -> State:
    """Return the present state, because nobody may have written yet that the proposal lapsed."""
    if change.state == State.PENDING and timezone.now() >= change.lapses_at:
        return State.LAPSED
    return read_choice(State, change.state, State.LAPSED)


def _object_url(change: PendingChange) -> str:
    if not change.object_id:
        return ""
    opts = _model(change)._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[change.object_id])


def _rows(change: PendingChange, known: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return the rows (label, present value, proposed value). known: names of fields, in the order of the rows.

    What is added or deleted has only the fields that hold something. PostgreSQL keeps the names of a proposal in an
    order of its own; those that are not known any more come last.
    """
    if change.act == Act.PUBLISH:
        return []
    model = _model(change)
    kept = change.before if change.act == Act.DELETE else change.after
    names = sorted(kept, key=lambda name: known.index(name) if name in known else len(known))
    hidden = {field.name for field in model._meta.concrete_fields if not field.editable}

    def shown(values: Mapping[str, Any], name: str) -> str:
        return _shown(_in_words(model, name, values.get(name)))

    rows = [
        (label_of(model, name), shown(change.before, name), shown(change.after, name))
        for name in names
        if name not in hidden
    ]
    return [row for row in rows if row[1] or row[2]]


def _in_words(model: Any, name: str, value: Any) -> Any:
    """Return a value as the form of this field shows it: the label of a choice, a moment in our time zone, and the name
    and key of the row that a foreign key refers to. Any other value is returned unchanged.

    This is one query for each key, of which a form has few.
    """
    field = next((field for field in model._meta.concrete_fields if field.name == name), None)
    if value is None or field is None:
        return value
    if isinstance(field, DateTimeField) and (moment := parse_datetime(str(value))) is not None:
        return dates.format_date(timezone.localtime(moment), "j F Y, H:i")
    if field.remote_field is None:
        # Opening hours are a dictionary, which nothing may look up.
        return dict(field.flatchoices).get(value, value) if field.flatchoices else value
    other = field.remote_field.model._default_manager.filter(pk=value).first()
    return value if other is None else f"{other} ({value})"


def _leads_to(change: PendingChange) -> list[str]:
    """Return the links and numbers that its texts did not hold before, which the second person has to verify at their
    source.
    """
    fields = _model(change)._meta.concrete_fields
    # A key, a moment and an identifier of ours have digits that nobody calls.
    digits = {
        field.name for field in fields if field.remote_field is not None or isinstance(field, DateTimeField | UUIDField)
    }
    before, after = (
        contacts.texts_of({name: value for name, value in values.items() if name not in digits})
        for values in (change.before, change.after)
    )
    return [] if change.act in {Act.DELETE, Act.PUBLISH} else sorted(contacts.new_in(before, after))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("oui") if value else _("non"))
    return "" if value is None else str(value)


admin.site.register(PendingChange, PendingChangeAdmin)
