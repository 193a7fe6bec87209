"""This module shows the register, the retention rules, tombstones and the letterhead in Django's admin.

Reports are not shown there (ADR 0024). The register can be read and searched, but not written. Retention rules can be
changed; erasure requests and tombstones can only be read.
"""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from common import plain_text
from common.dates import format_date
from common.pagination.admin_lists import BoundedPaginator, DensePaginator, Growing, PeriodFilter
from reports import letterhead
from reports.audit import log as audit_log
from reports.audit import recorded_pages
from reports.audit import wording as audit_wording
from reports.models import (
    AccessKind,
    AccessRecord,
    CaptureContact,
    ErasureRequest,
    Letterhead,
    Motive,
    RetentionRule,
    Tombstone,
)
from reports.retention import deletion
from reports.rules.retention import Kind, former_of, shortened_until
from reports.service_settings_admin import HouseRuleAdmin  # noqa: F401  the import registers it


class RegisterPeriod(PeriodFilter):
    """Filters lines of the register by a period, through the numbers of the first line in it and the first after it.

    That works because lines are written in the order of their dates, except where two clocks differ.
    """

    field = "at"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccessRecord]) -> QuerySet[AccessRecord]:
        span = self.span()
        if span is None:
            return queryset
        first, end = (
            AccessRecord.objects.filter(at__gte=moment).order_by("at").values_list("number", flat=True).first()
            for moment in span
        )
        if first is None:
            return queryset.none()
        return queryset.filter(number__gte=first, **({} if end is None else {"number__lt": end}))


@admin.register(AccessRecord)
class AccessRecordAdmin(Growing):
    """It is the register: who read or did what.

    A search is by the exact subject of lines, and is recorded as a line itself before its result is shown.
    """

    list_display = (
        "number",
        "at",
        "kind",
        "account",
        "role_label",
        "subject",
        "told_motive",
        "told_detail",
        "short_digest",
    )
    list_display_links = ("number",)
    list_filter = ("kind", RegisterPeriod)
    ordering = ("-number",)
    search_fields = ("subject",)
    search_help_text = _("Identifiant d'un signalement ou d'un échange, ou « app.Modèle clé », en entier")
    actions = None
    fields = (*list_display[:-1], "detail", "previous", "digest")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessRecord | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AccessRecord | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow filters by kind and by period only. Any other one would be a search that is not recorded."""
        return lookup.split("__")[0] in {"kind", RegisterPeriod.parameter_name}

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[AccessRecord], per_page: int, *args: Any
    ) -> Paginator:
        """Return the paginator: by numbers for all lines or a period, which have no gaps; else one with a bound."""
        if queryset.model is not AccessRecord:  # this is the history of one line, which Django pages too
            return Paginator(queryset, per_page, *args)
        some = _asked(request.GET.get("q", "")) or any(name.startswith("kind") for name in request.GET)
        return (BoundedPaginator if some else DensePaginator)(queryset, per_page, *args)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessRecord]:
        accounts = get_user_model()._default_manager.filter(pk=OuterRef("account_id"))
        return super().get_queryset(request).annotate(username=Subquery(accounts.values("username")[:1]))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if term := _asked(request.GET.get("q", "")):
            if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
                return refusal
            self._record_search(request, term)
        return super().changelist_view(request, extra_context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AccessRecord], search_term: str
    ) -> tuple[QuerySet[AccessRecord], bool]:
        term = _asked(search_term)
        return (queryset.filter(subject__in=_forms(term)) if term else queryset), False

    @transaction.atomic
    def _record_search(self, request: HttpRequest, term: str) -> None:
        """Record a search. Its term is kept only if lines with this subject exist; else somebody may have typed it."""
        subject = AccessRecord.objects.filter(subject__in=_forms(term)).values_list("subject", flat=True).first()
        audit_log.record(
            kind=AccessKind.SEARCH,
            by=request.user,
            motive=Motive.CONTROL,
            subject=subject or "",
            detail="" if subject else "unknown",
        )

    @admin.display(description=_("compte"), ordering="account_id")
    def account(self, line: Any) -> str:
        """Return the name that the account has today; its key when it is gone."""
        if line.account_id is None:
            return "–"
        return line.username or str(_("compte %(key)s, supprimé") % {"key": line.account_id})

    @admin.display(description=_("rôle"), ordering="role")
    def role_label(self, line: AccessRecord) -> str:
        """Return the role in French; of one that no longer exists, its stable name."""
        if line.role == AccessRecord.SERVICE:
            return str(_("Le service"))
        field: Any = get_user_model()._meta.get_field("role")
        return str(dict(field.flatchoices).get(line.role, line.role))

    @admin.display(description=_("motif"))
    def told_motive(self, line: AccessRecord) -> str:
        """Return the motive in words, with hidden characters replaced by their codes."""
        return plain_text.plain(line.motive_label)

    @admin.display(description=_("précision"))
    def told_detail(self, line: AccessRecord) -> str:
        """Return what the code noted, in French, with hidden characters replaced by their codes."""
        return plain_text.plain(audit_wording.in_words(line.kind, line.detail))

    @admin.display(description=_("empreinte"))
    def short_digest(self, line: AccessRecord) -> str:
        """Return the first twelve characters of the digest, enough to compare by eye."""
        return f"{line.digest[:12]}…"


def _asked(term: str) -> str:
    """Return the search term without characters that PostgreSQL cannot store in a text."""
    return term.replace("\x00", "").strip()


def _forms(term: str) -> set[str]:
    """Return the search term as it was typed, and in the form of public ids."""
    return {term, term.lower()}


# --- how long things are kept ---------------------------------------------------------------------------------------


@admin.register(RetentionRule)
class RetentionRuleAdmin(admin.ModelAdmin):
    """These are the retention rules, one row for each kind. A change is recorded in the register with old and new
    numbers."""

    keeps_former_words = True
    # These acts need a recent proof of identity, because a rule decides what is deleted.
    sensitive = frozenset({"change"})
    list_display = ("__str__", "days", "grace_days", "digest_days", "in_force", "is_to_verify", "source", "checked_on")
    list_filter = ("is_to_verify",)
    fields = (
        "kind",
        "days",
        "grace_days",
        "digest_days",
        "example",
        "in_force",
        "is_to_verify",
        "source",
        "checked_on",
    )
    readonly_fields = ("kind", "in_force", "example")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RetentionRule | None = None) -> bool:
        return False

    @admin.display(description=_("s'applique à partir du"))
    def in_force(self, rule: RetentionRule) -> object:
        """Return when a shortened rule begins to delete what the previous one would have kept."""
        now = timezone.now()
        return rule.in_force_at if rule.in_force_at is not None and rule.in_force_at > now else _("maintenant")

    @admin.display(description=_("exemple, d'après les nombres enregistrés"))
    def example(self, rule: RetentionRule) -> str:
        """Return an example with dates: what the rule does with an exchange whose last act is today."""
        term = timezone.localdate() + timedelta(days=rule.days)
        dates = {"told": term - timedelta(days=rule.digest_days), "term": term}
        dates["gone"] = term + timedelta(days=rule.grace_days)
        if rule.kind == Kind.ERASURE:
            dates["gone"] = timezone.localdate() + timedelta(days=rule.grace_days)
        said = {name: format_date(day, "j F Y") for name, day in dates.items()}
        if rule.kind == Kind.ERASURE:
            words = _("Demande d'aujourd'hui : rappel le %(told)s, réponse avant le %(term)s, effet le %(gone)s.")
            return words % said
        return _("Dernier geste aujourd'hui : annonce le %(told)s, terme le %(term)s, suppression le %(gone)s.") % said

    def save_model(self, request: HttpRequest, obj: RetentionRule, form: ModelForm, change: bool) -> None:
        before = RetentionRule.objects.select_for_update().get(pk=obj.pk).rule
        now = deletion.moment()
        if (in_force_at := shortened_until(before, obj.rule, now)) is not None:
            obj.in_force_at = in_force_at
            obj.former_days, obj.former_grace_days = former_of(before, now)
        super().save_model(request, obj, form, change)
        if (before.days, before.grace_days, before.digest_days) != (obj.days, obj.grace_days, obj.digest_days):
            audit_log.record(
                kind=AccessKind.ADMIN_CHANGE,
                by=request.user,
                motive=Motive.ADMINISTRATION,
                subject=f"{RetentionRule._meta.label} {obj.pk}",
                detail=f"{obj.kind}: {before}, {before.digest_days} → {obj.rule}, {obj.digest_days}",
            )


class SeenOnly(Growing):
    """It is the admin of rows that can only be read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ErasureRequest)
class ErasureRequestAdmin(SeenOnly):
    """These are the erasure requests and how long they wait, without saying whose they are. Supervisors answer in the
    console."""

    list_display = ("asked_at", "age", "is_late", "answered_at", "is_granted")
    list_filter = ("is_granted",)
    ordering = ("asked_at", "pk")
    fields = ("asked_at", "age", "is_late", "answered_at", "is_granted")
    readonly_fields = fields

    @admin.display(description=_("ancienneté"))
    def age(self, request: ErasureRequest) -> str:
        """Return how long ago the erasure was asked for."""
        return timesince(request.asked_at)

    @admin.display(description=_("en retard"), boolean=True)
    def is_late(self, request: ErasureRequest) -> bool:
        """Return whether the request took longer than the rule « Demande d'effacement » allows, answered or not."""
        last = request.answered_at or timezone.now()
        return (last - request.asked_at).days >= deletion.rule_of(Kind.ERASURE).days


@admin.register(Tombstone)
class TombstoneAdmin(SeenOnly):
    """These are the traces of deleted reports, which the monthly proof counts."""

    list_display = ("month", "kind", "rule", "cause")
    list_filter = ("month", "kind", "cause")
    fields = ("id", "month", "kind", "rule", "cause")
    readonly_fields = fields


@admin.register(Letterhead)
class LetterheadAdmin(admin.ModelAdmin):
    """It is the letterhead of every document.

    A link or a number in it needs the agreement of a second person, because visitors read it.
    """

    keeps_former_words = True
    reviewed_texts = ("name", "address")
    list_display = ("name", "address")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Letterhead.objects.exists()

    def save_model(self, request: HttpRequest, obj: Letterhead, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(letterhead.forget)

    def delete_model(self, request: HttpRequest, obj: Letterhead) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(letterhead.forget)


@admin.register(CaptureContact)
class CaptureContactAdmin(admin.ModelAdmin):
    """It is the contact for agents, supervisors and units who see a capture that may be an offence to possess. Staff
    only."""

    keeps_former_words = True
    list_display = ("name", "reach")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # A unit reads it too since 30 November; in the model this sentence is part of a migration.
        said = _(
            "Un téléphone, une adresse interne. Les agents, les superviseurs et les unités le lisent, personne d'autre."
        )
        return super().get_form(request, obj, change=change, help_texts={"reach": said}, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not CaptureContact.objects.exists()
