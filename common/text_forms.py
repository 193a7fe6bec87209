"""Forms of the admin for rows that several people change; forms and lists for texts in several languages.

Each text has a field of its own.
"""

import hashlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db.models import TextField
from django.db.models.query import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from common.pagination.searched_choice import NUMBER
from common.texts import languages
from common.texts.text_rows import Translated, WithTexts, one_line_end


def confirmation_field(name: str) -> str:
    """Return the name of the checkbox that confirms that a translation still fits its changed source text."""
    return f"holds_{name}"


class _Mark(str):
    """It is a mark that a page sent."""


def _mark(value: Any) -> str:
    """Return a short mark of a value of a field.

    Of texts with other line ends it is the same, because browsers send two characters, and so is that of spaces around
    a text, which a field drops. Of several rows it is the same in any order.
    """
    if isinstance(value, list | tuple):
        value = sorted(map(str, value))
    text = "" if value is None else one_line_end(str(value)).strip()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class ShownMark(forms.HiddenInput):
    """It sends, beside a field, the mark of what the page showed there. The text itself would double the page."""

    def format_value(self, value: Any) -> str:
        return value if isinstance(value, _Mark) else _mark(value)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        return _Mark(data.get(name, ""))


class ShownForm(forms.ModelForm):
    """It is a form of a row that several people change, each another part of it.

    The page sends beside each field a mark of what it showed there (`ShownMark`). A field that was left as it was shown
    keeps what is stored now. Beside a field that was changed here and elsewhere there is an error, which says what is
    stored; what is sent from the page with that error is saved. The form of a row that is new has no marks. A page of
    the version before sends none, and is saved as before.

    This is two marks of each field in memory, and for a field of several rows one query more.
    """

    instance: Any
    marks_new_rows = False  # whether the form of a row that is not stored yet has marks too

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._meanwhile: dict[str, str] = {}  # by field, what somebody else did since the page was shown
        self._is_read_again = False
        if self.instance.pk is None and not self.marks_new_rows:
            return
        for name, field in self.fields.items():
            if self.is_marked(name, field):
                field.hidden_widget = ShownMark
                # Not by `self[name]`: it would copy the help text, which a form may set after this.
                field.show_hidden_initial = not self.is_bound or self.add_initial_prefix(name) in self.data

    def is_marked(self, name: str, field: forms.Field) -> bool:
        """Return whether a mark stands beside this field. None does where nothing is typed."""
        return not isinstance(field, forms.MultiValueField) and not field.disabled

    @cached_property
    def changed_data(self) -> list[str]:
        """Return the names of the fields that differ from what is stored now.

        A set of forms asks before it looks for errors.
        """
        self.read_again()
        return [name for name in self.fields if _differs(self[name])]

    def full_clean(self) -> None:
        self.read_again()
        super().full_clean()

    def read_again(self) -> None:
        """Put what is stored now in place of what was only shown, once, and note what cannot be decided here."""
        if self._is_read_again or not self.is_bound:
            return
        self._is_read_again = True
        fields = [name for name, field in self.fields.items() if field.hidden_widget is ShownMark]
        compared = [self[name] for name in fields if self[name].html_initial_name in self.data]
        if not compared:
            return  # the page of the version before, or of a new row
        sending: Any = self.data
        self.data = sending = sending.copy()
        changed, taken = set(), set()
        for bound in compared:
            stored, shown, sent = _mark(_stored(bound)), sending[bound.html_initial_name], _mark_of_sent(bound)
            sending[bound.html_initial_name] = stored
            if sent == shown:
                sending.setlist(bound.html_name, _as_sent(bound))
                sending.pop(bound.html_name + NUMBER, None)  # else a number that was typed counts before it, or too
                if stored != shown:
                    taken.add(bound.name)
                continue
            changed.add(bound.name)
            if stored not in (shown, sent):
                self._meanwhile[bound.name] = _("Quelqu'un a changé ce champ entre-temps. Il dit : « {} ».").format(
                    _in_words(bound)
                )
        self._meanwhile = self.errors_beside(changed, taken) | self._meanwhile

    def errors_beside(self, changed: set[str], taken: set[str]) -> dict[str, str]:
        """Return more errors, by field. changed: the fields that were changed here; taken: those of which what is
        stored was taken, because somebody else has changed it.
        """
        return {}

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name, text in self._meanwhile.items():
            self.add_error(name, text)

    def _update_errors(self, errors: ValidationError) -> None:
        """Add what the row says of itself, but nothing of a field that was refused: the row does not have its value."""
        if hasattr(errors, "error_dict"):
            left = {name: found for name, found in errors.error_dict.items() if name not in self.errors}
            if not left:
                return
            errors = ValidationError(left)
        super()._update_errors(errors)  # type: ignore[misc]


class TextsForm(ShownForm):
    """It is a form that shows the texts of its row, and sets what was typed on it (`WithTexts.set_texts`).

    Several people write one row: one the French, another a translation. What `ShownForm` says holds of them, and beside
    a translation that was changed here there is an error too when its French was changed elsewhere.
    """

    marks_new_rows = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**self.instance.named_texts(), **self.initial}

    def is_marked(self, name: str, field: forms.Field) -> bool:
        return not name.startswith(confirmation_field("")) and super().is_marked(name, field)

    def text_names(self) -> list[str]:
        """Return the names of the texts that this form has."""
        return [name for name in self.instance.text_places() if name in self.fields]

    def errors_beside(self, changed: set[str], taken: set[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        if taken & self._source_fields():
            changed = changed | {name for name in self.fields if self.data.get(confirmation_field(name))}
            places = self.instance.text_places()
            for name in changed & set(self.text_names()):
                if self.instance.follows(places[name]):
                    found[name] = _("Le français a changé entre-temps : relisez-le, puis enregistrez de nouveau.")
        return found

    def _source_fields(self) -> set[str]:
        """Return the names of the fields that translations follow."""
        model = type(self.instance)
        if issubclass(model, Translated):
            return set(model.text_fields)
        return {name for name, place in model.text_places().items() if place[0] == languages.source()}

    def _post_clean(self) -> None:
        self.instance.set_texts({name: self.cleaned_data.get(name, "") for name in self.text_names()})
        self.instance.still_hold(self.ticked())
        super()._post_clean()  # type: ignore[misc]

    def ticked(self) -> list[str]:
        """Return the names of the translations that somebody has confirmed."""
        return [name for name in self.text_names() if self.cleaned_data.get(confirmation_field(name))]


def _differs(bound: forms.BoundField) -> bool:
    """Return whether what was sent differs from what is stored, or was shown in a field that is not compared here."""
    if bound.field.hidden_widget is not ShownMark:
        return bool(bound._has_changed())  # type: ignore[attr-defined]
    return bool(bound.field.has_changed(bound.initial, bound.data))


def _stored(bound: forms.BoundField) -> Any:
    """Return what is stored now, as a widget gets it."""
    return bound.field.prepare_value(bound.initial)


def _mark_of_sent(bound: forms.BoundField) -> str:
    """Return the mark of what was sent; "" for what the field does not take."""
    try:
        return _mark(bound.field.prepare_value(bound.field.to_python(bound.data)))
    except ValidationError:
        return ""


def _as_sent(bound: forms.BoundField) -> list[str]:
    """Return what is stored now, as the field would send it."""
    value, drawn = _stored(bound), bound.field.widget
    widget: Any = getattr(drawn, "widget", drawn)  # within the links that the admin puts beside a choice
    if isinstance(widget, forms.CheckboxInput):
        return ["on"] if value else []
    sent = widget.format_value(value)
    return [str(one) for one in sent] if isinstance(sent, list) else [] if sent is None else [str(sent)]


def _in_words(bound: forms.BoundField) -> str:
    """Return what is stored now, as somebody reads it; "" for nothing. One query for a field that leads to rows."""
    value, field = _stored(bound), bound.field
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    if isinstance(field, forms.ModelChoiceField):
        keys = [one for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]
        rows: Any = field.queryset
        return ", ".join(field.label_from_instance(row) for row in rows.filter(pk__in=keys))
    if isinstance(field, forms.ChoiceField):
        choices: Any = field.choices
        return str(dict(choices).get(value or "", ""))
    return " ".join(_as_sent(bound))


class TextsAdmin(admin.ModelAdmin):
    """It is an admin whose form has the texts of a `WithTexts`, in the languages that `settings.LANGUAGES` names.

    A translation whose source text has changed has a checkbox beside it, to confirm that it is still right.
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
        """Return the widget of a text: one line if its column has one line, else a text area."""
        is_line = issubclass(self.model, Translated) and not isinstance(self.model.column(part), TextField)
        return AdminTextInputWidget if is_line else AdminTextareaWidget

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Build the form class for each request, because the languages depend on a setting."""
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
        """Save the texts, and tell the user which translations a change of the French has outdated (ADR 0064)."""
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
    """Tell the user who changed a source text which translations do not match it any more."""
    places = obj.text_places()
    if labels := [obj.text_label(*places[name]) for name in obj.outdated()]:
        text = _("Le français a changé, pas sa traduction. À revoir : %(labels)s.")
        messages.warning(request, text % {"labels": ", ".join(labels).lower()})


class OutdatedFilter(admin.SimpleListFilter):
    """Filters rows of a `Translated` model that have an outdated translation."""

    title = _lazy("traductions")
    parameter_name = "translations"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Return the only choice of the filter."""
        return [("outdated", _("à revoir"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return the rows with a translation whose French has changed since."""
        model: Any = queryset.model
        return queryset.filter(model.with_outdated()) if self.value() == "outdated" else queryset


def language_fieldsets(
    model: type[WithTexts], names: list[str] | None = None, *, obj: WithTexts | None = None
) -> list[tuple[Any, dict[str, Any]]]:
    """Return a fieldset for each language that has texts (« Anglais »).

    names: those of the texts that are shown; None for all. obj: the row of the form; beside its outdated texts there
    are checkboxes to confirm them.
    """
    found: dict[str, list[str]] = {}
    outdated = obj.outdated() if obj is not None else {}
    for name, (language, _part) in model.text_places().items():
        if names is None or name in names:
            found.setdefault(language, []).extend([name, confirmation_field(name)] if name in outdated else [name])
    return [(languages.name(language).capitalize(), {"fields": fields}) for language, fields in found.items()]


def preview_buttons(kinds: dict[str, str]) -> list[tuple[str, str]]:
    """Return the value and the label of each « Aperçu » button.

    kinds: for each value, what the preview shows (« en anglais »).
    """
    return [
        (value, " ".join(filter(None, [_("Aperçu"), shown, _("(nouvel onglet)")]))) for value, shown in kinds.items()
    ]


def language_previews() -> list[tuple[str, str]]:
    """Return the value and the label of a preview button for each language of the site."""
    return preview_buttons({code: f"en {languages.name(code)}" for code in languages.codes()})
