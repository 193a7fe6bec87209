"""Forms of the admin for rows with texts in several languages: a field for each text, by its name."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.db.models import TextField
from django.db.models.query import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from common.texts import languages
from common.texts.text_rows import Translated, WithTexts


def confirmation_field(name: str) -> str:
    """Return the name of the box that says that a translation still says what its source text says."""
    return f"holds_{name}"


class TextsForm(forms.ModelForm):
    """Begins with the texts of its row, and hands what was typed back to it (`WithTexts.set_texts`)."""

    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**self.instance.named_texts(), **self.initial}

    def text_names(self) -> list[str]:
        """Return the names of the texts that this form has."""
        return [name for name in self.instance.text_places() if name in self.fields]

    def _post_clean(self) -> None:
        self.instance.set_texts({name: self.cleaned_data.get(name, "") for name in self.text_names()})
        self.instance.still_hold(self.ticked())
        super()._post_clean()  # type: ignore[misc]

    def ticked(self) -> list[str]:
        """Return the names of the translations of which somebody says that they still hold."""
        return [name for name in self.text_names() if self.cleaned_data.get(confirmation_field(name))]


class TextsAdmin(admin.ModelAdmin):
    """An admin whose form has the texts of a `WithTexts`, in the languages that `settings.LANGUAGES` names.

    A translation whose source text changed has a box beside it, which takes it for still right.
    """

    form = TextsForm

    def text_field(self, name: str) -> forms.Field:
        """Return the field of one text."""
        model: type[WithTexts] = self.model
        place = model.text_places()[name]
        return forms.CharField(
            label=capfirst(model.text_label(*place)),
            required=False,
            max_length=model.text_limit(place[1]),
            widget=self.text_widget(place[1])(attrs={"lang": place[0], "dir": "auto"}),
        )

    def text_widget(self, part: str) -> type[forms.Widget]:
        """Return the widget of a text: a line for what a column of one line translates, else a box."""
        is_line = issubclass(self.model, Translated) and not isinstance(self.model.column(part), TextField)
        return AdminTextInputWidget if is_line else AdminTextareaWidget

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Declare the form when it is asked for, because which languages there are is a setting."""
        fields = {name: self.text_field(name) for name in self.model.text_places()}
        if obj is not None:
            places = self.model.text_places()
            fields |= {
                confirmation_field(name): _box(before, is_translation=places[name][0] != languages.source())
                for name, before in obj.outdated().items()
            }
        declare: Any = type(self.form)
        kwargs["form"] = declare(self.form.__name__, (self.form,), fields)
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the texts, and tell whoever changed the French which translations are outdated by it (ADR 0064)."""
        super().save_model(request, obj, form, change)
        tell_outdated(request, obj)


def _box(before: str, *, is_translation: bool) -> forms.Field:
    if is_translation:
        label = _("Cette traduction dit toujours la même chose que le français")
        about = _("À revoir : le français a changé depuis cette traduction. Avant, il disait : « {} »")
    else:
        label = _("Ce texte en tutoyant dit toujours la même chose que l'autre")
        about = _("À revoir : l'autre texte a changé, et tout le monde le lit. Avant, il disait : « {} »")
    return forms.BooleanField(
        label=label,
        help_text=format_html(about, before),
        required=False,
    )


def tell_outdated(request: HttpRequest, obj: WithTexts) -> None:
    """Tell whoever changed the source text which translations do not follow."""
    places = obj.text_places()
    if labels := [obj.text_label(*places[name]) for name in obj.outdated()]:
        text = _("Le français a changé, pas sa traduction. À revoir : %(labels)s.")
        messages.warning(request, text % {"labels": ", ".join(labels).lower()})


class OutdatedFilter(admin.SimpleListFilter):
    """Filters rows of a `Translated` with a translation that is to be looked at again."""

    title = _lazy("traductions")
    parameter_name = "translations"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """The one choice of the filter."""
        return [("outdated", _("à revoir"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those with a translation whose French has changed since."""
        model: Any = queryset.model
        return queryset.filter(model.with_outdated()) if self.value() == "outdated" else queryset


def language_fieldsets(
    model: type[WithTexts], names: list[str] | None = None, *, obj: WithTexts | None = None
) -> list[tuple[Any, dict[str, Any]]]:
    """Return a set of fields for each language that has texts (« Anglais »).

    names: of those that are shown; None: all. obj: whose form it is; its outdated texts have their box beside them.
    """
    found: dict[str, list[str]] = {}
    outdated = obj.outdated() if obj is not None else {}
    for name, (language, _part) in model.text_places().items():
        if names is None or name in names:
            found.setdefault(language, []).extend([name, confirmation_field(name)] if name in outdated else [name])
    return [(languages.name(language).capitalize(), {"fields": fields}) for language, fields in found.items()]


def preview_buttons(kinds: dict[str, str]) -> list[tuple[str, str]]:
    """Return what the buttons « Aperçu » send and say.

    kinds: what each sends, and for what it shows (« en anglais »).
    """
    return [
        (value, " ".join(filter(None, [_("Aperçu"), shown, _("(nouvel onglet)")]))) for value, shown in kinds.items()
    ]


def language_previews() -> list[tuple[str, str]]:
    """Return a button for each language of the site."""
    return preview_buttons({code: f"en {languages.name(code)}" for code in languages.codes()})
