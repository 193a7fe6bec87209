"""This is the admin of what is shown above pages: announcements, and the closing of the chat (docs/adr/0077).

Neither can be changed once it is shown. Anybody can end it at once, and write another one. What visitors read waits for
a second administrator (`Reviewed`).
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from common.text_forms import TextsAdmin
from common.texts.spoken import Spoken
from pnav.pages.frame import announcements
from pnav.pages.models import Announcement
from reports import closures
from reports.models import ChatClosure


class SaidAboveAdmin(TextsAdmin):
    """It is what both have in common: a text in each language and voice, a beginning, an end, and no change.

    own_fields: the fields of the form besides its texts. end_field: the field that is set when somebody ends it early.
    """

    own_fields: tuple[str, ...] = ()
    end_field = ""
    keeps_former_words = True

    def text_widget(self, part: str) -> type[forms.Widget]:
        return AdminTextInputWidget  # a field of one line, as `Spoken` requires

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None:
            return [(None, {"fields": [*self.own_fields, self.end_field, "words"]})]
        return [(None, {"fields": self.own_fields}), (_("Ce qui est lu"), {"fields": list(self.model.text_places())})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.own_fields, self.end_field, "words") if obj is not None else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("text_rows")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.read_again()

    def read_again(self) -> None:
        """Read again what is shown above pages once the change is saved. Other processes do so within seconds."""
        transaction.on_commit(announcements.forget)
        transaction.on_commit(closures.forget)

    @admin.display(description=_("texte"))
    def words(self, row: Spoken) -> SafeString:
        places = row.text_places()
        said = [(row.text_label(*places[name]), text) for name, text in row.named_texts().items() if text]
        return format_html_join(mark_safe("<br>"), "{} : {}", said)

    @admin.display(description=_("texte"))
    def first_words(self, row: Spoken) -> str:
        return row.source_of("", "")[:80]

    def end_chosen(self, queryset: QuerySet[Any]) -> int:
        """End those of these that are not over, and return how many."""
        now = timezone.now()
        count: int = (
            queryset.model._default_manager.not_over(now)
            .filter(pk__in=list(queryset.values_list("pk", flat=True)[:100]))
            .update(**{self.end_field: now})
        )
        self.read_again()
        return count


@admin.action(description=_("Rouvrir le tchat maintenant"), permissions=["add"])
def reopen_now(model_admin: Any, request: HttpRequest, queryset: QuerySet[ChatClosure]) -> None:
    """End the chosen closings at once, which needs one person: what keeps people out must be quick to end.

    A closing that was still to come is given up.
    """
    count = model_admin.end_chosen(queryset)
    model_admin.message_user(request, _("%(count)d fermeture(s) terminée(s) : le tchat est ouvert.") % {"count": count})


@admin.action(description=_("Retirer maintenant"), permissions=["add"])
def take_down(model_admin: Any, request: HttpRequest, queryset: QuerySet[Announcement]) -> None:
    """End the chosen announcements now."""
    count = model_admin.end_chosen(queryset)
    model_admin.message_user(request, _("%(count)d annonce(s) retirée(s).") % {"count": count})


@admin.register(ChatClosure)
class ChatClosureAdmin(SaidAboveAdmin):
    """« Fermer le tchat »: each closing waits for a second person, except for its end."""

    reviewed_fields = ("reason",)
    own_fields = ("reason", "starts_at", "ends_at")
    end_field = "reopened_at"
    list_display = ("reason", "starts_at", "ends_at", "reopened_at", "first_words")
    list_filter = ("reason",)
    actions = [reopen_now]


@admin.register(Announcement)
class AnnouncementAdmin(SaidAboveAdmin):
    """Banners. A banner for the staff alone is shown at once; one that visitors read waits for a second person."""

    reviewed_fields = ("audience",)  # its default value, the staff, needs no second person
    own_fields = ("audience", "level", "starts_at", "ends_at")
    end_field = "ended_at"
    list_display = ("first_words", "audience", "level", "starts_at", "ends_at", "ended_at")
    list_filter = ("audience", "level")
    actions = [take_down]
