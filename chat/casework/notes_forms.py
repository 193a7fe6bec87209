"""These are the forms that the console sends beside messages: holds, urgency, notes, questions to colleagues, own
replies."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from chat.casework import holds, replies
from chat.casework.replies import Own
from chat.messages.forms import Text
from chat.models import Agent
from chat.rules import reply_template
from chat.rules.lifecycle import UrgencyReason
from common.texts import languages
from triage.rules import Urgency


class HoldForm(forms.Form):
    """Asks in how many minutes the agent will be back."""

    minutes = forms.TypedChoiceField(
        choices=lambda: [(minutes, _("%(n)s minutes") % {"n": minutes}) for minutes in holds.hold_minutes()], coerce=int
    )


class UrgencyForm(forms.Form):
    """It is the urgency, its reason, and an explanation for the next agent."""

    urgency = forms.TypedChoiceField(choices=Urgency.choices, coerce=int)
    reason = forms.ChoiceField(
        choices=[("", _("Choisissez une raison")), *UrgencyReason.choices],
        error_messages={"required": _("Choisissez une raison."), "invalid_choice": _("Choisissez une raison.")},
    )
    explanation = Text(required=False)


class DealtForm(forms.Form):
    """Says that marked messages are dealt with. seq: the last marked message that the page knew of."""

    seq = forms.IntegerField(min_value=1, max_value=2**31 - 1)


NOBODY = _("Personne d'autre n'est disponible en ce moment")  # shown instead of the choice when there are no colleagues


class NoteForm(forms.Form):
    """It is a private note. replaces: the number of the agent's own note that this one corrects."""

    body = Text()
    replaces = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class QuestionForm(forms.Form):
    """It is a question to colleagues. colleague: the key of one who is present, or empty for all of them."""

    colleague = forms.TypedChoiceField(choices=(), coerce=int, required=False, empty_value=None)
    body = Text()

    def __init__(self, *args: Any, colleagues: list[Agent], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["colleague"].choices = [  # type: ignore[attr-defined]
            ("", _("Tous les collègues disponibles") if colleagues else NOBODY),
            *((one.pk, f"{one.shown_name}, {one.unit.name}") for one in colleagues),
        ]
        self.fields["colleague"].error_messages["invalid_choice"] = _(
            "Cette personne n'est plus disponible. Choisissez-en une autre."
        )


class AnswerForm(forms.Form):
    """It is an answer to a colleague's question."""

    body = Text()


class OwnReplyForm(forms.Form):
    """It is an agent's own reply, with a field for each of its texts in other languages (`replies.text_names`).

    Its variables are those of `reply_template.VARIABLES`.
    """

    title = forms.CharField(
        max_length=60,
        error_messages={"required": _("Donnez un titre, pour la retrouver."), "max_length": _("60 signes au plus.")},
    )
    vous = Text()
    tu = Text(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, _language in replies.text_names():
            self.fields[name] = Text(required=False)

    @classmethod
    def of(cls, own: Own) -> "OwnReplyForm":
        """Make the form that changes this reply, filled with its texts in every language."""
        return cls(initial={"title": own.title, "vous": own.vous, "tu": own.tu, **own.texts})

    @property
    def translations(self) -> list[tuple[str, list[tuple[Any, str]]]]:
        """Return, for the name of each other language, its fields with their labels."""
        found: dict[str, list[tuple[Any, str]]] = {}
        for name, code in replies.text_names():
            is_polite = name == languages.text_name(code)
            label = _("Texte en %(language)s") if is_polite else _("Pour un mineur, en %(language)s, si cela diffère")
            found.setdefault(code, []).append((self[name], label % {"language": languages.name(code)}))
        return [(languages.name(code), fields) for code, fields in found.items()]

    @property
    def is_translated(self) -> bool:
        """Return whether any text is in another language, or has an error there."""
        return any(self[name].value() or self[name].errors for name, _language in replies.text_names())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        names = [name for name, _language in replies.text_names()]
        for name in ("vous", "tu", *names):
            if unknown := reply_template.unknown_variables(cleaned.get(name, "")):
                self.add_error(name, ValidationError(_("Variable inconnue : {%(name)s}."), params={"name": unknown[0]}))
        # Texts in other languages are one value, as they are stored.
        return {name: cleaned[name] for name in ("title", "vous", "tu") if name in cleaned} | {
            "texts": {name: cleaned[name] for name in names if cleaned.get(name)}
        }
