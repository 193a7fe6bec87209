"""Manages units, agents, unit accounts, shared replies, macros, danger phrases and on-call duties in Django's admin.

Conversations are left out on purpose: nobody may read one in the admin.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from chat.casework import replies
from chat.decisions import on_call
from chat.models import Agent, CannedReply, DangerPhrase, Macro, OnCall, Unit, UnitAccount
from chat.rules import reply_template
from common.pagination.searched_choice import SearchesChoices
from common.text_forms import OutdatedFilter, ShownForm, TextsAdmin, language_fieldsets
from common.texts import languages


class NamesAccount:
    """Shows the account of a row as « compte », because the field itself has no name in French."""

    @admin.display(description=_("compte"), ordering="user__username")
    def account(self, row: Agent | UnitAccount) -> Any:
        """Return the account of this row."""
        return row.user


@admin.register(Unit)
class UnitAdmin(admin.ModelAdmin):
    list_display = ("name", "force", "active_agents")
    list_filter = ("force",)
    list_per_page = 25
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unit]:
        active = Count("agents", filter=Q(agents__user__is_active=True))
        return super().get_queryset(request).annotate(active_agents=active)

    @admin.display(description=_("agents actifs"), ordering="active_agents")
    def active_agents(self, unit: Unit) -> int:
        return unit.active_agents  # type: ignore[attr-defined]


@admin.register(Agent)
class AgentAdmin(NamesAccount, SearchesChoices, admin.ModelAdmin):
    """It shows the agents with what the queue needs to know. Account, role and password are under « Comptes ».

    The units that a supervisor has here are what they may read, and what they decide about.
    """

    sensitive = frozenset({"change"})
    form = ShownForm
    list_display = ("public_name", "account", "unit", "capacity", "availability", "last_seen")
    list_filter = ("unit__force", "availability")
    list_select_related = ("user", "unit")
    list_per_page = 50
    search_fields = ("public_name", "user__username", "user__last_name", "unit__name")
    search_help_text = _("Un nom, un compte ou une unité.")
    autocomplete_fields = ("unit", "supervised_units")
    fields = ("account", "unit", "public_name", "capacity", "supervised_units", "availability", "last_seen")
    readonly_fields = ("account", "availability", "last_seen")
    ordering = ("public_name", "pk")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Agent | None:
        """Return the agent. When something is sent they are read under their lock, as an account is.

        The form saves the whole row, with when they were last seen and whether they are available.
        """
        agent: Agent | None = super().get_object(request, object_id, from_field)
        if agent is None or request.method != "POST":
            return agent
        Agent.objects.select_for_update(of=("self",), no_key=True).filter(pk=agent.pk).order_by("pk").first()
        return super().get_object(request, object_id, from_field)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Agent], search_term: str
    ) -> tuple[QuerySet[Agent], bool]:
        """Search, and offer only supervisors to the field that names one on call."""
        if request.GET.get("field_name") == "supervisor":
            queryset = queryset.filter(pk__in=on_call.may_be_named_for(Unit.objects.none()).order_by().values("pk"))
            queryset = queryset.select_related("unit")
        return super().get_search_results(request, queryset, search_term)

    @staticmethod
    def searched_label(agent: Agent) -> str:
        """Return the agent as a search offers them: several have the same public name."""
        return f"{agent.shown_name} – {agent.unit.name}"

    @admin.display(description=_("vu à"), ordering="seen_at")
    def last_seen(self, agent: Agent) -> object:
        return agent.seen_at

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False, because an agent is created with their account."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        """Return False, because conversations refer to the agent. The account can be deactivated instead."""
        return False


@admin.register(UnitAccount)
class UnitAccountAdmin(NamesAccount, SearchesChoices, admin.ModelAdmin):
    """It shows which point d'accueil each unit account reads for. Whoever reads there opens every summary that was ever
    sent to it, so a second person agrees to a new point (docs/adr/0054). « Comptes » saves it in this way too."""

    sensitive = frozenset({"change"})
    form = ShownForm
    reviewed_fields = ("point",)
    list_display = ("account", "point", "is_open")
    list_filter = ("user__is_active",)
    list_select_related = ("user", "point")
    list_per_page = 50
    search_fields = ("user__username", "user__last_name", "point__name")
    search_help_text = _("Un compte ou un point d'accueil.")
    autocomplete_fields = ("point",)
    fields = ("account", "point")
    readonly_fields = ("account",)
    ordering = ("user__username",)

    @admin.display(description=_("actif"), boolean=True, ordering="user__is_active")
    def is_open(self, account: UnitAccount) -> bool:
        return account.user.is_active

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False, because it is created with its account."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UnitAccount | None = None) -> bool:
        """Return False, because the account is deactivated instead."""
        return False


@admin.register(CannedReply)
class CannedReplyAdmin(SearchesChoices, TextsAdmin):
    """These are the shared replies, from which agents start. Agents' own replies are private, and are not here."""

    keeps_former_words = True
    list_display = ("title", "subject", "audience", "order", "is_active", "force", "unit", "speaks_tu", "said_in")
    list_filter = ("is_active", "subject", "audience", "force", OutdatedFilter)
    list_select_related = ("unit",)
    list_per_page = 50
    search_fields = ("title", "words", "vous", "tu", "unit__name")
    search_help_text = _("Des mots de la réponse, ou une unité.")
    autocomplete_fields = ("unit",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CannedReply]:
        return super().get_queryset(request).prefetch_related("text_rows")

    def reviewed_texts(self) -> list[str]:
        """Return the names of the texts in which a new link or number needs a second person (docs/adr/0054)."""
        return [*self.model.text_fields, *self.model.text_places()]

    def get_fieldsets(self, request: HttpRequest, obj: CannedReply | None = None) -> Any:
        return [
            (None, {"fields": ("title", "words", "subject", ("order", "is_active"), "vous", "tu")}),
            *language_fieldsets(self.model, obj=obj),
            (_("Pour qui"), {"fields": ("audience", "force", "unit")}),
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Add the list of variables to the help text; it is not in the model, so that a new one needs no migration."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "vous":
            field.help_text = _(
                "Variables : %(all)s. Ce qui n'est pas connu apparaît « [à compléter : …] » dans la réponse."
            ) % {"all": reply_template.ALL}
        return field

    @admin.display(description=_("texte en « tu »"), boolean=True)
    def speaks_tu(self, reply: CannedReply) -> bool:
        return bool(reply.tu)

    @admin.display(description=_("aussi en"))
    def said_in(self, reply: CannedReply) -> str:
        """Return the other languages of the site in which the reply exists."""
        known = {language for language, _part in reply.texts}
        return ", ".join(languages.name(code) for code in languages.others() if code in known)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form, or with « Aperçu » what an agent would find, without saving anything."""
        if request.method == "POST" and "_preview" in request.POST:
            shown = self._preview(request, object_id)
            if shown is not None:
                return shown
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _preview(self, request: HttpRequest, object_id: str | None) -> HttpResponse | None:
        """Return the preview; None for a form with errors, which Django then shows as usual."""
        before = self.get_object(request, unquote(object_id)) if object_id else None
        is_allowed = self.has_change_permission(request, before) if before else self.has_add_permission(request)
        if not is_allowed:
            raise PermissionDenied
        form = self.get_form(request, before, change=before is not None)(request.POST, instance=before)
        if not form.is_valid():
            return None
        reply = form.save(commit=False)
        unit = replies.sample_unit(reply.force)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Aperçu : rien n'est enregistré"),
            "opts": self.opts,
            "reply": reply,
            "sample": unit,
            "shown": replies.sampled(reply, unit),
        }
        answer = TemplateResponse(request, "admin/chat/cannedreply/preview.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


@admin.register(DangerPhrase)
class DangerPhraseAdmin(admin.ModelAdmin):
    """These are the phrases by which a person's message is marked for the agent. A change takes effect within half a
    minute."""

    keeps_former_words = True
    list_display = ("phrase", "kind", "is_active")
    list_filter = ("kind", "is_active")
    search_fields = ("phrase",)


@admin.register(Macro)
class MacroAdmin(admin.ModelAdmin):
    """These are the macros: several acts in one press, which the agent reads before."""

    keeps_former_words = True
    list_display = (
        "title",
        "order",
        "is_active",
        "situation",
        "proposes_complaint",
        "proposes_removal",
        "minutes",
        "reply",
    )
    list_filter = ("is_active",)
    list_select_related = ("reply",)
    search_fields = ("title",)


@admin.action(description=_("Terminer maintenant"), permissions=["add"])
def end_now(model_admin: Any, request: HttpRequest, queryset: QuerySet[OnCall]) -> None:
    """End the chosen duties, at most those of a page. Those that are already over are unchanged."""
    count = on_call.end_chosen(queryset, by=request.user)
    model_admin.message_user(request, _("%(count)d astreinte(s) terminée(s).") % {"count": count})


@admin.register(OnCall)
class OnCallAdmin(SearchesChoices, admin.ModelAdmin):
    """On-call duties, in which a supervisor decides for another unit. They can be ended, not changed or deleted."""

    sensitive = frozenset({"add"})
    list_display = ("supervisor", "unit", "starts_at", "ends_at", "ended_at", "named_by")
    list_select_related = ("supervisor", "unit", "named_by")
    list_per_page = 50
    search_fields = ("unit__name", "supervisor__public_name")
    search_help_text = _("Une unité, ou un superviseur.")
    autocomplete_fields = ("unit", "supervisor")
    fields = ("unit", "supervisor", "starts_at", "ends_at", "motive")
    actions = [end_now]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "supervisor":
            kwargs["queryset"] = on_call.may_be_named_for(Unit.objects.none())
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "supervisor":
            field.label_from_instance = AgentAdmin.searched_label
        return field

    def has_change_permission(self, request: HttpRequest, obj: OnCall | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OnCall | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: OnCall, form: Any, change: bool) -> None:
        on_call.name(on_call=obj, by=request.user)
