"""This is the admin of what is shown above pages: announcements, and the closing of the chat (docs/adr/0077).

Neither can be changed once it is shown. Anybody can end it at once, and write another one. What visitors read waits for
a second administrator (`Reviewed`).
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
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


class WideLine(AdminTextInputWidget):
    """It is a field of one line in which a whole sentence can be read."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"size": "80", **(attrs or {})})


class SaidAboveAdmin(TextsAdmin):
    """It is what both have in common: a text in each language and voice, a beginning, an end, and no change.

    own_fields: the fields of the form besides its texts. end_field: the field that is set when somebody ends it early.
    end_action: the name of the action that ends it, which its page offers too. waits_for_another: what its form says of
    the agreement of a second person. to_verify: see `pnav.accounts.approvals.reviewed`.
    """

    own_fields: tuple[str, ...] = ()
    end_field = ""
    end_action = ""
    waits_for_another: Any = ""
    to_verify: Any = ""
    keeps_former_words = True
    change_form_template = "admin/pages/announcing_form.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is None:
            context["waits_for_another"] = self.waits_for_another
        elif type(obj)._default_manager.not_over(timezone.now()).filter(pk=obj.pk).exists():
            action = self.get_actions(request).get(self.end_action)
            if action is not None:  # None: this administrator may not end it
                context |= {"end_action": self.end_action, "end_words": action.description}
        return super().render_change_form(request, context, *args, **kwargs)

    def text_widget(self, part: str) -> type[forms.Widget]:
        return WideLine  # a field of one line, as `Spoken` requires

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
    model_admin.end_chosen(queryset)
    closures.forget()
    if (other := closures.current()) is None:
        model_admin.message_user(request, _("Le tchat est ouvert."))
        return
    words = _("Le tchat reste fermé par une autre fermeture : %(which)s. Rouvrez-la aussi.")
    which = model_admin.model.objects.get(pk=other.key)
    model_admin.message_user(request, words % {"which": which}, messages.WARNING)


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
    end_action = "reopen_now"
    waits_for_another = _("Le tchat ne ferme que si une deuxième personne accepte. Une seule suffit pour le rouvrir.")
    to_verify = _(
        "Vérifiez vous-même la raison, le début, la fin et ce que liront les personnes. Vous en répondez avec la "
        "personne qui propose."
    )
    list_display = ("reason", "starts_at", "ends_at", "reopened_at", "first_words")
    list_filter = ("reason",)
    actions = [reopen_now]


@admin.register(Announcement)
class AnnouncementAdmin(SaidAboveAdmin):
    """Banners. A banner for the staff alone is shown at once; one that visitors read waits for a second person."""

    reviewed_fields = ("audience",)  # its default value, the staff, needs no second person
    own_fields = ("audience", "level", "starts_at", "ends_at")
    end_field = "ended_at"
    end_action = "take_down"
    waits_for_another = _("L'équipe la lit aussitôt. Pour les visiteurs, une deuxième personne doit accepter.")
    to_verify = _(
        "Vérifiez vous-même le texte, avec ses liens et numéros, qui le lit et jusqu'à quand. Vous en répondez avec la "
        "personne qui propose."
    )
    list_display = ("first_words", "audience", "level", "starts_at", "ends_at", "ended_at")
    list_filter = ("audience", "level")
    actions = [take_down]
