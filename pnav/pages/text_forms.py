"""Forms of the admin for rows with texts in several languages: a field for each text, by its name."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.db.models import TextField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from common.texts import languages
from common.texts.text_rows import Translated, WithTexts


class TextsForm(forms.ModelForm):
    """Begins with the texts of its row, and hands what was typed back to it (`WithTexts.set_texts`)."""

    instance: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**self.instance.named_texts(), **self.initial}

    def text_names(self) -> list[str]:
        """The names of the texts that this form has."""
        return [name for name in self.instance.text_places() if name in self.fields]

    def _post_clean(self) -> None:
        self.instance.set_texts({name: self.cleaned_data.get(name, "") for name in self.text_names()})
        super()._post_clean()  # type: ignore[misc]


class TextsAdmin(admin.ModelAdmin):
    """An admin whose form has the texts of a `WithTexts`, in the languages that `settings.LANGUAGES` names."""

    form = TextsForm

    def text_field(self, name: str) -> forms.Field:
        """The field of one text."""
        model: type[WithTexts] = self.model
        place = model.text_places()[name]
        return forms.CharField(
            label=capfirst(model.text_label(*place)),
            required=False,
            max_length=model.text_limit(place[1]),
            widget=self.text_widget(place[1])(attrs={"lang": place[0], "dir": "auto"}),
        )

    def text_widget(self, part: str) -> type[forms.Widget]:
        """A line for what a column of one line translates, else a box."""
        is_line = issubclass(self.model, Translated) and not isinstance(self.model.column(part), TextField)
        return AdminTextInputWidget if is_line else AdminTextareaWidget

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Declared when it is asked for: which languages there are is a setting."""
        fields = {name: self.text_field(name) for name in self.model.text_places()}
        declare: Any = type(self.form)
        kwargs["form"] = declare(self.form.__name__, (self.form,), fields)
        return super().get_form(request, obj, change=change, **kwargs)


def language_fieldsets(model: type[WithTexts], names: list[str] | None = None) -> list[tuple[Any, dict[str, Any]]]:
    """« Anglais » with its texts, for each language that has some. names: of those that are shown; None: all."""
    found: dict[str, list[str]] = {}
    for name, (language, _part) in model.text_places().items():
        if names is None or name in names:
            found.setdefault(language, []).append(name)
    return [(languages.name(language).capitalize(), {"fields": fields}) for language, fields in found.items()]


def previews(kinds: dict[str, str]) -> list[tuple[str, str]]:
    """What the buttons « Aperçu » send and say. kinds: what each sends, and for what it shows (« en anglais »)."""
    return [
        (value, " ".join(filter(None, [_("Aperçu"), shown, _("(nouvel onglet)")]))) for value, shown in kinds.items()
    ]


def language_previews() -> list[tuple[str, str]]:
    """A button for each language of the site."""
    return previews({code: f"en {languages.name(code)}" for code in languages.codes()})
