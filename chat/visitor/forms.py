"""The forms that a visitor sends without a script."""

from typing import Any

from django import forms

from chat.rules import resume_words
from chat.rules.transfer import SUMMARY_MAX, Answer
from chat.texts import forms as form_texts


class CodeForm(forms.Form):
    """A code de reprise as typed; cleaned, it is a tuple of words of the list.

    A slip is named, with the nearest word of the list: that tells nothing about the codes in use.
    """

    code = forms.Field(error_messages={"required": form_texts.CODE_REQUIRED.later()})
    mark = forms.Field(required=False)  # of the page: see `resume.new_mark`

    def clean_mark(self) -> str:
        return (self.cleaned_data["mark"] or "")[:100]

    def clean_code(self) -> tuple[str, ...]:
        reading = resume_words.read(self.cleaned_data["code"])
        if reading.is_code:
            return reading.words
        errors = [_describe(word) for word in reading.unknown[: resume_words.LENGTH]]
        count = len(reading.words) + len(reading.unknown)
        if count != resume_words.LENGTH:
            errors.append(form_texts.CODE_COUNT.say(n=count))
        raise forms.ValidationError(errors, code="unreadable")


def _describe(word: resume_words.UnknownWord) -> str:
    if word.nearest:
        return form_texts.CODE_NEAR.say(typed=word.typed, nearest=word.nearest)
    return form_texts.CODE_UNKNOWN.say(typed=word.typed)


class SummaryForm(forms.Form):
    """The form of the person's answer about the summary. `correction` is in their own words."""

    answer = forms.ChoiceField(
        choices=[(value, Answer(value).label) for value in (Answer.AGREED, Answer.CORRECTED, Answer.REFUSED)],
        error_messages={
            "required": form_texts.SUMMARY_CHOOSE.later(),
            "invalid_choice": form_texts.SUMMARY_FROM_LIST.later(),
        },
    )
    correction = forms.CharField(
        max_length=SUMMARY_MAX,
        required=False,
        error_messages={"max_length": form_texts.SUMMARY_TOO_LONG.later()},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("answer") == Answer.CORRECTED and "correction" in cleaned and not cleaned["correction"]:
            self.add_error("correction", form_texts.SUMMARY_EMPTY.say())
        return cleaned
