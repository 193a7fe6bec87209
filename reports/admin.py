"""The register in the Django admin: read and searched, never written. Reports themselves are not here (ADR 0024)."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from reports import register
from reports.models import AccessKind, AccessRecord, Motive


@admin.register(AccessRecord)
class AccessRecordAdmin(admin.ModelAdmin):
    """Who read or did what. A search, by the whole name of what it is about, is a line before its answer is shown."""

    list_display = ("number", "at", "kind", "account", "role_label", "subject", "told_motive", "detail", "short_digest")
    list_display_links = ("number",)
    list_filter = ("kind", "at")
    date_hierarchy = "at"
    search_fields = ("subject",)
    search_help_text = _("Identifiant d'un signalement ou d'un échange, ou « app.Modèle clé », en entier")
    list_per_page = 100
    show_full_result_count = False
    actions = None
    fields = ("number", "at", "kind", "account", "role_label", "subject", "told_motive", "detail", "previous", "digest")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessRecord | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessRecord | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """By kind and date only: a filter written into the address would be a search that leaves no line."""
        return lookup.split("__")[0] in {"kind", "at"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessRecord]:
        accounts = get_user_model()._default_manager.filter(pk=OuterRef("account_id"))
        return super().get_queryset(request).annotate(username=Subquery(accounts.values("username")[:1]))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if term := _asked(request.GET.get("q", "")):
            self._record_search(request, term)
        return super().changelist_view(request, extra_context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AccessRecord], search_term: str
    ) -> tuple[QuerySet[AccessRecord], bool]:
        term = _asked(search_term)
        return (queryset.filter(subject__in=_forms(term)) if term else queryset), False

    @transaction.atomic
    def _record_search(self, request: HttpRequest, term: str) -> None:
        """What was asked is kept when the register knows it already; anything else is somebody's typing."""
        subject = AccessRecord.objects.filter(subject__in=_forms(term)).values_list("subject", flat=True).first()
        register.record(
            kind=AccessKind.SEARCH,
            by=request.user,
            motive=Motive.CONTROL,
            subject=subject or "",
            detail="" if subject else "unknown",
        )

    @admin.display(description=_("compte"), ordering="account_id")
    def account(self, line: Any) -> str:
        """The name that the account has today; its key when it is gone."""
        if line.account_id is None:
            return "–"
        return line.username or str(_("compte %(key)s, supprimé") % {"key": line.account_id})

    @admin.display(description=_("rôle"), ordering="role")
    def role_label(self, line: AccessRecord) -> str:
        """As the account says it in French; of a role that no longer exists, its stable name."""
        if line.role == AccessRecord.SERVICE:
            return str(_("Le service"))
        field: Any = get_user_model()._meta.get_field("role")
        return str(dict(field.flatchoices).get(line.role, line.role))

    @admin.display(description=_("motif"))
    def told_motive(self, line: AccessRecord) -> str:
        return line.motive_label

    @admin.display(description=_("empreinte"))
    def short_digest(self, line: AccessRecord) -> str:
        return f"{line.digest[:12]}…"


def _asked(term: str) -> str:
    """What is searched for, without what no text of PostgreSQL can hold."""
    return term.replace("\x00", "").strip()


def _forms(term: str) -> set[str]:
    """As it was written, and as public ids are."""
    return {term, term.lower()}
