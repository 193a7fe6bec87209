"""These are the fields of the questionnaire's forms: sentences in voices and languages, and conditions to tick."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.texts import languages
from triage.editing import describing
from triage.editing.describing import VOICE_LABELS
from triage.questionnaire.definition import Questionnaire
from triage.questionnaire.document import (
    MOST_CONDITIONS,
    TEXT_MAX_LENGTH,
    VOICES,
)
from triage.questionnaire.questions import Question, When

# --- words --------------------------------------------------------------------------------------------------------


class Sentence(forms.CharField):
    """It is a field for one line of text. What was pasted with line breaks becomes one line."""

    def __init__(self, *, label: str, is_needed: bool) -> None:
        widget = forms.Textarea(attrs={"rows": 2, "class": "pnav-sentence"})
        super().__init__(label=label, required=is_needed, max_length=TEXT_MAX_LENGTH, widget=widget)
        self.error_messages["required"] = _("Écrivez ce texte.")
        self.error_messages["max_length"] = _("Ce texte est trop long : %(limit_value)d caractères au plus.")

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


def _names(name: str) -> Iterator[tuple[str, str, str]]:
    for voice in VOICES:
        for language in languages.codes():
            yield f"{name}-{voice}-{language}", voice, language


def initial_words(name: str, words: Mapping[str, Mapping[str, str]] | None) -> dict[str, str]:
    """Return the words of a document as the initial values of the form's fields."""
    return {field: (words or {}).get(voice, {}).get(language, "") for field, voice, language in _names(name)}


class Words(forms.Form):
    """It is a form with sentences in their variants and languages. sentences maps a name to its label and whether its
    French is needed."""

    sentences: ClassVar[Mapping[str, tuple[str, bool]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, is_needed) in self.sentences.items():
            for field, voice, language in _names(name):
                said = f"{label}, {VOICE_LABELS[voice]}, {languages.name(language)}"
                needed = is_needed and (voice, language) == ("vous", languages.source())
                self.fields[field] = Sentence(label=said, is_needed=needed)

    def clean(self) -> dict[str, Any]:
        """Refuse other variants and other languages where the text in the source language is missing."""
        cleaned = super().clean() or self.cleaned_data
        source = languages.source()
        for name in self.sentences:
            has_more = any(cleaned.get(field) for field, *_rest in _names(name))
            first = f"{name}-vous-{source}"
            if has_more and not cleaned.get(first) and first not in self.errors:
                self.add_error(first, _("Écrivez d'abord ce texte en français, avec « vous »."))
            for voice in VOICES[1:]:
                is_translated = any(cleaned.get(f"{name}-{voice}-{language}") for language in languages.others())
                if is_translated and not cleaned.get(f"{name}-{voice}-{source}"):
                    self.add_error(f"{name}-{voice}-{source}", _("Écrivez aussi ce texte en français."))
        return cleaned

    def words(self, name: str) -> dict[str, dict[str, str]]:
        """Return the words as a document has them; they are empty when nothing was written."""
        given = {
            voice: {language: self.cleaned_data.get(f"{name}-{voice}-{language}", "") for language in languages.codes()}
            for voice in VOICES
        }
        return {voice: texts for voice, texts in given.items() if texts[languages.source()]}

    @property
    def groups(self) -> list[dict[str, Any]]:
        """Return for the template each sentence, with a row for each variant and a field for each language."""
        return [
            {
                "label": label,
                "rows": [
                    {
                        "label": VOICE_LABELS[voice],
                        "fields": [self[f"{name}-{voice}-{one}"] for one in languages.codes()],
                    }
                    for voice in VOICES
                ],
            }
            for name, (label, _is_needed) in self.sentences.items()
        ]


# --- conditions ---------------------------------------------------------------------------------------------------


class ConditionsWidget(forms.Widget):
    """It shows each condition as the answers that it accepts, ticked, question by question.

    Where nothing is ticked there is no condition.
    """

    template_name = "admin/triage/conditions.html"

    def __init__(self, questionnaire: Questionnaire, questions: list[Question]) -> None:
        super().__init__()
        self.questionnaire, self.questions = questionnaire, questions

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the conditions that are there, and an empty one to write another."""
        context = super().get_context(name, value, attrs)
        given = [*(value or []), {}][:MOST_CONDITIONS]
        context["widget"]["conditions"] = [self._condition(name, index, one) for index, one in enumerate(given)]
        return context

    def _condition(self, name: str, index: int, one: Mapping[str, list[str]]) -> dict[str, Any]:
        questions = [
            {
                "name": describing.question_name(question),
                "options": [
                    {
                        "value": f"{question.id}:{option.value}",
                        "label": str(option.label.vous),
                        "is_ticked": option.value in one.get(question.id, ()),
                    }
                    for option in question.options
                ],
                "is_open": question.id in one,
            }
            for question in self.questions
        ]
        when = When(**{key: tuple(values) for key, values in one.items()})
        said = describing.describe_condition(when, self.questionnaire) if one else ""
        return {"name": f"{name}-{index}", "number": index + 1, "said": said, "questions": questions}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, list[str]]]:
        """Return the conditions that were ticked, in their order; those without an answer are left out."""
        given = []
        for index in range(MOST_CONDITIONS):
            one: dict[str, list[str]] = {}
            for pair in data.getlist(f"{name}-{index}"):
                question, _colon, value = pair.partition(":")
                one.setdefault(question, []).append(value)
            if one:
                given.append(one)
        return given

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Return False, because unticked boxes are not sent, and nothing is ever left out."""
        return False

    def id_for_label(self, id_: str, index: Any = None) -> str:
        """Return no id, because each box has a label of its own and the widget as a whole has none."""
        return ""


class Conditions(forms.Field):
    """It takes conditions, one of which has to hold. questions are those that a condition may name."""

    def __init__(self, *, label: str, questionnaire: Questionnaire, questions: list[Question], **kwargs: Any) -> None:
        super().__init__(label=label, widget=ConditionsWidget(questionnaire, questions), **kwargs)
        self.known = {(question.id, option.value) for question in questions for option in question.options}
        self.error_messages["required"] = _("Cochez au moins une réponse.")

    def clean(self, value: Any) -> list[dict[str, list[str]]]:
        value = super().clean(value)
        if {(name, one) for condition in value for name, values in condition.items() for one in values} - self.known:
            raise ValidationError(_("Une de ces réponses n'existe pas, ou vient d'une question posée plus loin."))
        return [{name: sorted(values) for name, values in sorted(condition.items())} for condition in value]
