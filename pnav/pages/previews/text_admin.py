"""The admin of Pnav's own sentences: all of them, changed or not, with their original text beside them."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.text_forms import (
    TextsAdmin,
    TextsForm,
    confirmation_field,
    language_fieldsets,
    preview_buttons,
    tell_outdated,
)
from common.texts import cache as text_cache
from common.texts import languages, validation
from common.texts.catalogue import CATALOGUE, Sentence, of_row
from common.texts.help_numbers import NAMED
from common.texts.models import ChangedSentence
from common.texts.text_rows import in_words
from common.texts.typography import keep_together
from pnav.pages.previews.text_previews import page_with


class SentenceForm(TextsForm):
    """Begins with the present texts. A text that is empty or equals the original one is not stored."""

    class Meta:
        model = ChangedSentence
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sentence = _sentence(self.instance)
        self.origins = self.sentence.origins()
        for name in self.text_names():
            if name not in self.origins:
                del self.fields[name]
                continue
            self.initial[name] = self.initial[name] or self.origins[name]
            self.fields[name].help_text = format_html(_("Texte d'origine : {}"), self.origins[name])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, origin in self.origins.items():
            text = cleaned.get(name, "")
            # A translation of the code becomes a text of this row once somebody has said that it fits another French
            # text.
            cleaned[name] = "" if text == origin and not cleaned.get(confirmation_field(name)) else text
            if wrong := validation.find_errors(self.sentence, cleaned[name]):
                self.add_error(name, [ValidationError(one) for one in wrong])
        return cleaned

    def _post_clean(self) -> None:
        # A voice that this sentence no longer has is not used, so its text is deleted.
        self.instance.set_texts({name: "" for name in self.instance.text_places() if name not in self.origins})
        super()._post_clean()

    def full_clean(self) -> None:
        super().full_clean()
        for name in self.fields:
            if name in self.errors:
                self.fields[name].widget.attrs["autofocus"] = True
                break


@dataclass(frozen=True, slots=True)
class Entry:
    """It is a sentence in the list.

    now: empty while it is the original. to_review: names of the languages whose translation is outdated. last: who
    changed it last, and when.
    """

    sentence: Sentence
    origin: str
    now: str
    is_changed: bool
    to_review: str
    last: LogEntry | None


class SentenceAdmin(TextsAdmin):
    """No row is added or deleted by hand: saving a text adds its row, and the original text deletes it."""

    form = SentenceForm
    change_form_template = "admin/sentences/changedsentence/change_form.html"
    change_list_template = "admin/sentences/changedsentence/change_list.html"
    keeps_former_words = True
    refuses_hidden = True
    readonly_fields = ("about",)
    search_fields = ("key",)  # says that the list can be searched; `changelist_view` searches the catalogue

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def reviewed_texts(self) -> list[str]:
        return list(ChangedSentence.text_places())

    def text_field(self, name: str) -> forms.Field:
        field = super().text_field(name)
        field.widget.attrs |= {"rows": 3, "class": "vLargeTextField pnav-sentence"}
        return field

    def approved_texts(self, obj: ChangedSentence) -> list[str]:
        """Return the texts of the code, because going back to them needs nobody's agreement."""
        return list(_sentence(obj).origins().values())

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row of a key; an unsaved row when nothing was changed yet."""
        if of_row(object_id) is None:
            return None
        return super().get_object(request, object_id, from_field) or ChangedSentence(key=object_id)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = list(_sentence(obj).origins()) if obj is not None else None
        return [(None, {"fields": ("about",)}), *language_fieldsets(ChangedSentence, names, obj=obj)]

    # --- one sentence -------------------------------------------------------------------------------------------------

    @admin.display(description=_("où, et avec quoi"))
    def about(self, row: ChangedSentence) -> SafeString:
        """Return where it is read, by whom, and what may stand between braces."""
        sentence = _sentence(row)
        lines = [
            format_html(_("{}. Lue par {}."), sentence.place.label, sentence.place.audience),
            format_html(_("Texte simple, sans mise en forme, {} caractères au plus."), sentence.max_length),
        ]
        if sentence.note:
            lines.append(format_html("{}", sentence.note))
        offered = [
            *((one.name, one.meaning, one.example) for one in sentence.variables),
            *((name, named.meaning, text_cache.number(name).display) for name, named in NAMED.items()),
        ]
        rows = format_html_join(
            "",
            "<tr><th scope=row><code>{{{}}}</code></th><td>{}{}</td></tr>",
            (
                (
                    name,
                    format_html(keep_together(_("{} : « {} »")), meaning, example),
                    _(". Obligatoire") if name in sentence.required else "",
                )
                for name, meaning, example in offered
            ),
        )
        return format_html(
            "{}<table class=pnav-variables><caption>{}</caption><thead><tr><th scope=col>{}</th><th scope=col>{}</th>"
            "</tr></thead><tbody>{}</tbody></table>",
            format_html_join("", "<p>{}</p>", ((line,) for line in lines)),
            _("Ce qui peut s'écrire entre accolades"),
            _("À écrire"),
            _("Remplacé par, et un exemple"),
            rows,
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        sentence = of_row(unquote(object_id or ""))
        if sentence is None or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        if request.method == "POST" and "_original" in request.POST:
            posted = request.POST.copy()
            for name, origin in sentence.origins().items():
                posted[name] = origin
            request.POST = posted  # type: ignore[assignment]  # all else is as for any other text
        name = request.POST.get("_preview", "")
        if request.method == "POST" and name in sentence.origins():
            shown = self._preview(request, sentence, name)
            if shown is not None:
                return shown
        context = {
            **(extra_context or {}),
            "previews": preview_buttons({name: _shown_in(name) for name in sentence.origins()}),
            "is_changed": ChangedSentence.objects.filter(pk=sentence.row_key).exists(),
            "show_save_and_add_another": False,
        }
        return super().changeform_view(request, object_id, form_url, context)

    def _preview(self, request: HttpRequest, sentence: Sentence, name: str) -> HttpResponse | None:
        """Show the page; None for a form with errors, which Django shows as it does when it is saved."""
        row = self.get_object(request, sentence.row_key)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        form = self.get_form(request, row, change=True)(request.POST, instance=row)
        if not form.is_valid():
            return None
        return page_with(request, sentence, name, {one: form.cleaned_data.get(one, "") for one in sentence.origins()})

    def save_model(self, request: HttpRequest, obj: ChangedSentence, form: Any, change: bool) -> None:
        if obj.texts:
            obj.save()
        else:
            ChangedSentence.objects.filter(pk=obj.pk).delete()
        tell_outdated(request, obj)
        transaction.on_commit(text_cache.read_again)

    # --- all of them --------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the catalogue by place, filtered by words of any text, by place, or by whether it was changed."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        words, place = request.GET.get("q", "").strip(), request.GET.get("place", "")
        only_changed = request.GET.get("changed") == "1"
        only_to_review = request.GET.get("review") == "1"
        found = [
            entry
            for entry in self._entries()
            if (not place or entry.sentence.place.key == place)
            and (not only_changed or entry.is_changed)
            and (not only_to_review or entry.to_review)
            and _matches(entry, words)
        ]
        places = {sentence.place.key: sentence.place for sentence in CATALOGUE.values()}
        groups = [(one, [entry for entry in found if entry.sentence.place.key == one.key]) for one in places.values()]
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "groups": [(one, entries) for one, entries in groups if entries],
            "places": sorted(places.values(), key=lambda one: one.label),
            "count": len(found),
            "words": words,
            "place": place,
            "only_changed": only_changed,
            "only_to_review": only_to_review,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.change_list_template, context)

    def _entries(self) -> list[Entry]:
        """Return the whole catalogue, in three queries: what was changed, its texts, and who changed it last."""
        rows = {row.key: row for row in ChangedSentence.objects.prefetch_related("text_rows")}
        kind = ContentType.objects.get_for_model(ChangedSentence)
        log = LogEntry.objects.filter(content_type=kind).select_related("user").order_by("action_time", "pk")
        last = {entry.object_id: entry for entry in log}
        entries = []
        for sentence in CATALOGUE.values():
            row = rows.get(sentence.row_key)
            now = row.named_texts()[languages.POLITE] if row is not None else ""
            told = {languages.name(languages.text_place(name)[0]): None for name in row.outdated()} if row else {}
            entry = Entry(
                sentence, sentence.origin(), now, row is not None, ", ".join(told), last.get(sentence.row_key)
            )
            entries.append(entry)
        return entries


def _sentence(row: ChangedSentence) -> Sentence:
    """Return the sentence of a row that `get_object` gave. Raises LookupError for another one."""
    sentence = of_row(row.key)
    if sentence is None:
        raise LookupError("no sentence has a row of this key")
    return sentence


def _shown_in(name: str) -> str:
    """Return what the preview of this text shows, in words: « en anglais, en tutoyant »."""
    language, voice = languages.text_place(name)
    return ", ".join(filter(None, [in_words(language), _("en tutoyant") if voice == languages.FAMILIAR else ""]))


def _matches(entry: Entry, words: str) -> bool:
    """Return whether each typed word is in one of its texts or its place's name, whatever accents and capitals."""
    texts = [entry.now, entry.sentence.place.label, entry.sentence.key, *entry.sentence.origins().values()]
    text = _plain(" ".join(texts))
    return all(word in text for word in _plain(words).split())


def _plain(text: str) -> str:
    """Return a text as it is compared: without accents and capitals, and with one kind of apostrophe."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(char for char in bare if not unicodedata.combining(char))
