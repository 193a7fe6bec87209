"""This is the admin of contents, help numbers and opinions."""

import logging
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from common import encryption, plain_text
from common.dates import format_date
from common.pagination.admin_lists import Growing, PeriodFilter
from common.service_settings import definitions, values
from common.text_forms import OutdatedFilter, TextsAdmin, language_fieldsets
from common.texts import cache as text_cache
from common.texts import languages
from common.texts.help_numbers import NAMED
from common.texts.models import ChangedSentence
from common.texts.text_rows import Translated
from pnav.pages import (
    announcing_admin,  # noqa: F401  registers itself
    markup,
    to_do,
    to_translate,
)
from pnav.pages.models import (
    ContentBlock,
    Feedback,
    HelpNumber,
    RemovalPlatform,
    Verified,
    beginning_of_today,
    overdue_filter,
)
from pnav.pages.previews.information_preview import Previewed
from pnav.pages.previews.text_admin import SentenceAdmin
from pnav.pages.templatetags import help_numbers

logger = logging.getLogger(__name__)

NAMED_MOST = 30  # how many texts that say a changed number are named

site: Any = admin.site
site.first_page = to_do.read


class ReviewFilter(admin.SimpleListFilter):
    """Filters facts whose last check is too old, and facts with a doubt."""

    title = _("vérification")
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("overdue", _("à revoir (plus de %(days)d jours)") % {"days": values.get(definitions.REVIEW)}),
            ("doubt", _("avec un doute")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "overdue":
            return queryset.filter(overdue_filter(timezone.localdate()))
        if self.value() == "doubt":
            return queryset.exclude(doubt="")
        return queryset


@admin.action(description=_("Marquer comme vérifiés aujourd'hui"))
def verify_today(model_admin: "VerifiedAdmin", request: HttpRequest, queryset: QuerySet) -> None:
    count = queryset.update(verified_on=timezone.localdate())
    model_admin.read_again()
    model_admin.message_user(request, _("%(count)d vérifié(s) aujourd'hui.") % {"count": count})


VERIFICATION: tuple[Any, Any] = (_("Vérification"), {"fields": ("verified_on", "source", "doubt")})


class VerifiedAdmin(admin.ModelAdmin):
    """It is the admin of facts that have a source.

    source_fields: what is written in the source language; the form shows its translations below it. undated: what an
    empty date of verification does to the pages.
    """

    keeps_former_words = True
    actions = [verify_today]
    source_fields: tuple[str, ...] = ()
    undated: Any = ""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "verified_on":
            field.help_text = self.undated
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        french = languages.name(languages.source()).capitalize()
        texts = language_fieldsets(self.model, obj=obj)
        familiar = [name for label, shown in texts if label == french for name in shown["fields"]]
        own = (french, {"fields": [*self.source_fields, *familiar]})
        translations = [one for one in texts if one[0] != french]
        return [*(self.fieldsets or ()), own, *translations, VERIFICATION]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("text_rows")

    def reviewed_texts(self) -> list[str]:
        return [*self.model.text_fields, *self.model.text_places()]

    @admin.display(description=_("à jour"), boolean=True)
    def is_fresh(self, fact: Verified) -> bool:
        """Return whether somebody verified it lately (`definitions.REVIEW`)."""
        return not fact.is_overdue(timezone.localdate())

    @admin.display(description=_("traductions à revoir"))
    def to_review(self, fact: Translated) -> str:
        """Return the languages whose translation is of a former French text."""
        places = fact.text_places()
        return ", ".join({languages.name(places[name][0]): None for name in fact.outdated()})

    @admin.display(description=_("doute"))
    def has_doubt(self, fact: Verified) -> str:
        """Return the beginning of what is doubtful about it; "" when nothing is."""
        return "⚠ " + fact.doubt[:60] if fact.doubt else ""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.read_again()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self.read_again()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        self.read_again()

    @staticmethod
    def read_again() -> None:
        """Read again, here at once and elsewhere within seconds, the numbers and what is kept of pages."""
        transaction.on_commit(help_numbers.forget)  # sooner, a page would keep the former ones
        transaction.on_commit(text_cache.read_again)


def _number_and_hours(number: HelpNumber) -> list[str]:
    hours = [text for (_language, part), text in sorted(number.texts.items()) if part == "hours" and text]
    return [number.number, number.hours, *hours]


@admin.register(HelpNumber)
class HelpNumberAdmin(Previewed, TextsAdmin, VerifiedAdmin):
    """It is the admin of help numbers and their hours.

    Pages read them here, except where an administrator wrote a number into a text. Whoever changes a number or its
    hours is told which texts these are.
    """

    reviewed_fields = ("number", "use", "has_link", "name", "is_emergency")
    kept_fields = ("name",)  # else one person would take a number's name away, and then the number

    list_display = (
        "number",
        "label",
        "audience",
        "hours",
        "is_free",
        "is_emergency",
        "verified_on",
        "is_fresh",
        "to_review",
        "has_doubt",
    )
    list_filter = (ReviewFilter, OutdatedFilter, "is_emergency", "use")
    search_fields = ("number", "label", "audience")
    fieldsets = ((None, {"fields": (("number", "use"), "has_link", "name", ("is_free", "is_emergency"), "order")}),)
    source_fields = ("label", "audience", "hours", "written")
    undated = _("Vide : la page des numéros ne dit plus « Informations mises à jour le … ».")

    def save_model(self, request: HttpRequest, obj: HelpNumber, form: Any, change: bool) -> None:
        before = HelpNumber.objects.prefetch_related("text_rows").filter(pk=obj.pk).first()
        super().save_model(request, obj, form, change)
        if before is None or _number_and_hours(before) == _number_and_hours(obj):
            return
        if texts := to_translate.texts_that_say(before.number):
            links = format_html_join(", ", "<a href='{1}'>{0}</a>", texts[:NAMED_MOST])
            more = _(" et %(count)d de plus") % {"count": len(texts) - NAMED_MOST} if len(texts) > NAMED_MOST else ""
            said = _("Des textes nomment le {} et ne changent pas avec cette fiche. À relire : {}{}.")
            messages.warning(request, format_html(str(said), before.number, links, more))

    def waits_to_go(self, obj: HelpNumber) -> bool:
        """Return whether a second person must agree to delete this: an emergency number, or one that sentences say."""
        return obj.is_emergency or obj.name is not None

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is None or db_field.name != "name":
            return field
        names = [(name, f"{{{name}}} – {named.meaning}") for name, named in NAMED.items()]
        return forms.TypedChoiceField(
            label=field.label,
            help_text=field.help_text,
            choices=[("", _("aucun")), *names],
            empty_value=None,
            required=False,
        )


@admin.register(ContentBlock)
class ContentBlockAdmin(Previewed, TextsAdmin, VerifiedAdmin):
    list_display = ("title", "page", "slug", "order", "verified_on", "is_fresh", "to_review", "has_doubt")
    list_filter = ("page", ReviewFilter, OutdatedFilter)
    search_fields = ("title", "body")
    readonly_fields = ("preview",)
    fieldsets = ((None, {"fields": ("page", "slug", "order")}),)
    source_fields = ("title", "body", "preview")
    undated = _(
        "Vide : la page ne dit plus « Informations mises à jour le … ». L'accueil dit alors la date de ses autres "
        "rubriques."
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.to_translate)
        return [path("a-traduire/", view, name="pages_contentblock_to_translate"), *super().get_urls()]

    @method_decorator(require_safe)
    def to_translate(self, request: HttpRequest) -> HttpResponse:
        """Show the texts that a language lacks or whose translation is outdated, of contents and of all other kinds."""
        context = {**self.admin_site.each_context(request), "title": _("À traduire"), "works": to_translate.read()}
        return TemplateResponse(request, "admin/pages/to_translate.html", context)

    @admin.display(description=_("aperçu (enregistré)"))
    def preview(self, block: ContentBlock) -> SafeString:
        # HTML allows no form within the admin's own form, so the boxes of a section are shown in a group.
        return format_html("<div>{}</div>", mark_safe(markup.without_forms(block.html)))  # noqa: S308  safe before


@admin.register(RemovalPlatform)
class RemovalPlatformAdmin(TextsAdmin, VerifiedAdmin):
    """These are the sites where one asks that a content be removed, and who helps. Visitors see only what somebody
    verified.
    """

    reviewed_fields = ("url",)

    list_display = ("name", "kind", "audience", "order", "verified_on", "is_fresh", "to_review", "has_doubt")
    list_filter = ("kind", ReviewFilter, OutdatedFilter)
    search_fields = ("name", "where", "conditions")
    fieldsets = ((None, {"fields": ("name", "slug", "kind", "url", ("audience", "is_for_images"), "order")}),)
    source_fields = ("where", "conditions")
    undated = _("Vide : la fiche n'est montrée à personne.")


admin.site.register(ChangedSentence, SentenceAdmin)


class FeedbackPeriod(PeriodFilter):
    """Filters opinions by when they came. Those of today are not shown yet."""

    field = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [one for one in super().lookups(request, model_admin) if one[0] != "jour"]


@admin.register(Feedback)
class FeedbackAdmin(Growing):
    """It is the admin of opinions, which are read and deleted here but never written.

    An opinion is shown from the day after on, among the others of its day in no order: whoever read it when it came
    would know which exchange had just ended.
    """

    list_display = ("day", "rating", "page", "read_text")
    list_filter = ("rating", "page", FeedbackPeriod)
    ordering = ("-created_at", "place")
    fields = list_display
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(created_at__lt=beginning_of_today())

    @admin.display(description=_("reçu le"))
    def day(self, feedback: Feedback) -> str:
        """Return the day, which is all that is kept of when it came."""
        return format_date(timezone.localtime(feedback.created_at), "j F Y")

    @admin.display(description=_("commentaire"))
    def read_text(self, feedback: Feedback) -> str:
        try:
            return plain_text.plain(feedback.text)
        except encryption.UnsealError:
            logger.error("opinion cannot be opened %s", feedback.pk)
            return str(_("Ce commentaire ne peut pas être lu en ce moment."))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Feedback | None = None) -> bool:
        return False
