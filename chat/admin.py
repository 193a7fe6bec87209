"""Units, agents and the replies they share, in the Django admin.

Conversations are not here, on purpose: nobody reads one in the admin.
"""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chat import canned
from chat.models import Agent, CannedReply, Unit


@admin.register(Unit)
class UnitAdmin(admin.ModelAdmin):
    list_display = ("name", "force", "active_agents")
    list_filter = ("force",)
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unit]:
        active = Count("agents", filter=Q(agents__user__is_active=True))
        return super().get_queryset(request).annotate(active_agents=active)

    @admin.display(description=_("agents actifs"), ordering="active_agents")
    def active_agents(self, unit: Unit) -> int:
        return unit.active_agents  # type: ignore[attr-defined]


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):
    """What the queue knows of an agent. The account itself, its role and its password are under « Comptes »."""

    list_display = ("public_name", "user", "unit", "capacity", "availability", "last_seen")
    list_filter = ("unit__force", "unit", "availability")
    list_select_related = ("user", "unit")
    search_fields = ("public_name", "user__username", "user__last_name")
    fields = ("user", "unit", "public_name", "capacity", "supervised_units", "availability", "last_seen")
    filter_horizontal = ("supervised_units",)
    readonly_fields = ("user", "availability", "last_seen")
    ordering = ("public_name",)

    @admin.display(description=_("vu à"), ordering="seen_at")
    def last_seen(self, agent: Agent) -> object:
        return agent.seen_at

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An agent is created with their account."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        """Conversations point to the agent: deactivate the account instead."""
        return False


@admin.register(CannedReply)
class CannedReplyAdmin(admin.ModelAdmin):
    """Replies that agents start from. What agents made for themselves is theirs alone, and is not here."""

    list_display = ("title", "order", "is_active", "force", "unit", "speaks_tu")
    list_filter = ("is_active", "force", "unit")
    list_select_related = ("unit",)
    search_fields = ("title", "vous", "tu")
    fieldsets = (
        (None, {"fields": ("title", ("order", "is_active"), "vous", "tu")}),
        (_("Pour qui"), {"fields": ("force", "unit")}),
        (_("Aperçu"), {"fields": ("preview",)}),
    )
    readonly_fields = ("preview",)

    @admin.display(description=_("tel qu'enregistré"))
    def preview(self, reply: CannedReply) -> SafeString:
        """As an agent would find it, with a word in the place of each variable."""
        words = {name: f"‹{label}›" for name, label in canned.VARIABLES.items()}
        texts = [(canned.fill(text, words),) for text in (reply.vous, reply.tu) if text]
        return format_html_join("", "<p>{}</p>", texts)

    @admin.display(description=_("texte en « tu »"), boolean=True)
    def speaks_tu(self, reply: CannedReply) -> bool:
        return bool(reply.tu)
